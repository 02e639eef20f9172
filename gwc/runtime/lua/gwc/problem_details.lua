--- The gateway's own answers (gwc/controls/problem_details.py): RFC 9457 with a stable reason. The tables come with the data.
local failures = require "gwc.failures"

local M = {}

M.CONTENT_TYPE = "application/problem+json"

--- The body. Every value is from gwc's own tables or hexadecimal, so that nothing has to be escaped; asserted, because a body
-- that is not JSON would hide the reason. errors: the list of `gwc.failures`, or nil.
function M.body(data, status, reason, request_id, errors)
  assert(string.find(reason, "^[%a.]+$") and string.find(request_id, "^[%w-]*$"), "not a reason or not a request id")
  local title = assert(data.titles[status], "a status without a title")
  return '{"type":"about:blank","title":"' .. title .. '","status":' .. status
    .. ',"reason":"' .. reason .. '","requestId":"' .. request_id .. (errors and '","errors":' .. failures.text(errors) .. "}" or '"}')
end

--- Reason and status of an answer that the gateway's core made on its own with `status`; unknown ones are internal errors.
function M.of_core(data, status)
  local reason = data.core_reasons[status] or (status < 500 and "normalise.request") or "internal.error"
  return reason, data.statuses[reason]
end

return M
