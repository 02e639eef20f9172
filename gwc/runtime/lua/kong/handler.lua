--- Where Kong looks for the plugin. The modules of gwc lie beside this file and are found as `gwc.*` (kong.conf, lua_package_path).
return require "gwc.host_kong"
