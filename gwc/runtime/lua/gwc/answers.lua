--- Answers of upstreams on hosts that are NGINX inside: collected as they pass, compared with the document when the log line is written.
local M = {}

--- In the body filter: keeps what is needed of the chunk at hand. watch: of the operation, nil: nothing is watched; ctx: of the request.
function M.collect(watch, ctx)
  if watch == nil then return end
  local answer, chunk = ctx.gwc_answer, ngx.arg[1]
  if answer == nil then
    answer = { parts = {}, bytes = 0 }
    ctx.gwc_answer = answer
  end
  answer.bytes, answer.is_whole = answer.bytes + #chunk, ngx.arg[2]
  if answer.bytes <= watch.max_bytes then answer.parts[#answer.parts + 1] = chunk else answer.parts = {} end
end

--- In the log phase: the word about the answer; nil where nothing is watched. core: of gwc.decide; operation: its key.
function M.word(core, ctx, operation)
  local watch = core.watched[operation]
  if watch == nil then return nil end
  local var, answer = ngx.var, ctx.gwc_answer or { parts = {}, bytes = 0 }
  local is_whole = answer.is_whole and answer.bytes <= watch.max_bytes
  local ok, word = pcall(core.word, watch, {
    method = ngx.req.get_method(), status = ngx.status, content_type = var.upstream_http_content_type,
    content_encoding = var.upstream_http_content_encoding, bytes = answer.is_whole and answer.bytes or answer.bytes + 1,
    text = is_whole and table.concat(answer.parts) or nil,
  })
  if ok then return word end
  ngx.log(ngx.ERR, "gwc: an answer could not be judged: ", word)
  return "unchecked"
end

return M
