--- Where Kong looks for the plugin, as for `schema` beside it. The modules of gwc are `gwc.*`, in a folder of their own (kong.conf, lua_package_path).
return require "gwc.host_kong"
