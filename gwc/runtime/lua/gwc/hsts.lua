--- Strict-Transport-Security: of every answer over TLS (RFC 6797 7.2), in place of an upstream's. data.hsts: its value, nil: it is not asked for.
local M = {}

--- In the header filter of every answer.
function M.set(data)
  if data.hsts and ngx.var.https == "on" then ngx.header["Strict-Transport-Security"] = data.hsts end
end

return M
