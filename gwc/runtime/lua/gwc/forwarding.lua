--- What of the request's head reaches the upstream (gwc/controls/forwarding.py), on hosts that are NGINX inside.
local M = {}

--- Removes what a client must not send and sets what was verified. The forwarding headers that a host sends from variables of its
-- own are not set here. request_id: made by the gateway.
function M.apply(data, verdict, request_id)
  for _, name in ipairs(data.removed) do ngx.req.clear_header(name) end
  ngx.req.set_header("X-Request-Id", request_id)
  if verdict.subject then ngx.req.set_header("X-Gwc-Subject", verdict.subject) end
  if verdict.consumer then ngx.req.set_header("X-Gwc-Consumer", verdict.consumer) end
end

return M
