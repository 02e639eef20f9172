--- The plugin's configuration is only the digest of the build: with the kong.yml of another build every request is refused.
local typedefs = require "kong.db.schema.typedefs"

return {
  name = "gwc",
  fields = {
    { consumer = typedefs.no_consumer },
    { protocols = typedefs.protocols_http },
    {
      config = {
        type = "record",
        fields = {
          { digest = { type = "string", required = true, len_min = 1 } },
        },
      },
    },
  },
}
