--- What of the request's head reaches the upstream (gwc/controls/forwarding.py), on hosts that are NGINX inside.
local carrier = require "gwc.carrier"

local M = {}

--- The Cookie fields as one, without the cookies that carry keys.
local function clean_cookies(data, r)
  if next(data.removed_cookies) == nil then return end
  local kept = carrier.cookies_without(r.header("cookie"), data.removed_cookies)
  if kept == "" then ngx.req.clear_header("Cookie") else ngx.req.set_header("Cookie", kept) end
end

--- The target that is forwarded: that of the request, without the parameters that carry keys.
function M.target(data, r)
  if next(data.removed_query) == nil then return r.target end
  return carrier.target_without(r.target, data.removed_query)
end

--- Removes what a client must not send and sets what was verified. The forwarding headers that a host sends from variables of its
-- own are not set here. request_id: made by the gateway.
function M.apply(data, r, verdict, request_id)
  clean_cookies(data, r)
  for _, name in ipairs(data.removed) do ngx.req.clear_header(name) end
  ngx.req.set_header("X-Request-Id", request_id)
  if verdict.subject then ngx.req.set_header("X-Gwc-Subject", verdict.subject) end
  if verdict.consumer then ngx.req.set_header("X-Gwc-Consumer", verdict.consumer) end
  if verdict.claims_text then ngx.req.set_header("X-Gwc-Claims", verdict.claims_text) end
  if verdict.token_text then ngx.req.set_header("Authorization", verdict.token_text) end
end

return M
