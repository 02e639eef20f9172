--- A client of Redis for hosts that are NGINX inside: runs one script on a connection of a pool (gwc/controls/store.py).
--
-- Each step waits at most STEP_S, all of it at most WHOLE_S: a server that is silent, slow, or sends a byte now and then holds no request up for
-- longer. With TLS the certificate is verified for the store's name with `lua_ssl_trusted_certificate`. A connection is used again only after
-- a whole and proper reply. What goes wrong is told by one word, never by a text of the server or a key.
local resp = require "gwc.resp"

local M = {}

local STEP_S, WHOLE_S = 0.25, 1
local IDLE_MS, POOL_SIZE = 60 * 1000, 64
local ATTEMPTS = 3 -- with connections that the server may have closed at this very moment
local MAX_PASSWORD_BYTES = 4096
local NO_PASSWORD = "gwc: the file with the password of the store can't be read, or is empty"

--- Gives the next step on the socket its time; false when there is none left.
local function allow(socket, until_s)
  ngx.update_time()
  local left_ms = math.min(STEP_S, until_s - ngx.now()) * 1000
  if left_ms < 1 then return false end
  socket:settimeout(left_ms)
  return true
end

--- What to connect to: `localhost` is known by every resolver (RFC 6761 6.3).
local function address(host)
  return host == "localhost" and "127.0.0.1" or host
end

--- The reply to a command, or nil and what went wrong.
local function exchange(socket, command, until_s)
  if not allow(socket, until_s) or not socket:send(command) then return nil, "send" end
  local text = ""
  while true do
    if not allow(socket, until_s) then return nil, "timeout" end
    local part, problem = socket:receiveany(resp.MAX_BYTES)
    if part == nil then return nil, problem == "timeout" and "timeout" or "closed" end
    text = text .. part
    local reply = resp.parse(text)
    if reply == false then return nil, "protocol" end
    if reply then return reply end
  end
end

--- Verifies the server and shows the password, on a connection that is new; nil, or what went wrong.
local function greet(socket, store, until_s)
  if store.tls_name then
    if not allow(socket, until_s) or socket:sslhandshake(false, store.tls_name, true) ~= true then return "tls" end
  end
  if store.password == nil then return nil end
  local arguments = store.username and { "AUTH", store.username, store.password } or { "AUTH", store.password }
  local reply, problem = exchange(socket, resp.command(arguments), until_s)
  if reply == nil then return problem end
  return not (reply.kind == "text" and reply.value == "OK") and "authentication" or nil
end

--- A connection {socket=, is_used=}, or nil and what went wrong.
local function connect(store, until_s)
  local socket = ngx.socket.tcp()
  if not allow(socket, until_s) or not socket:connect(address(store.host), store.port, store.options) then return nil, "connect" end
  local is_used = (socket:getreusedtimes() or 0) > 0
  local problem = not is_used and greet(socket, store, until_s)
  if not problem then return { socket = socket, is_used = is_used } end
  socket:close()
  return nil, problem
end

local function is_unknown_script(reply)
  return reply.kind == "error" and string.find(reply.value, "^NOSCRIPT") ~= nil
end

--- The list that the script returns, or nil and what went wrong.
local function ask(socket, script, arguments, until_s)
  local reply, problem = exchange(socket, resp.command { "EVALSHA", script.sha1, unpack(arguments) }, until_s)
  if reply and is_unknown_script(reply) then
    reply, problem = exchange(socket, resp.command { "EVAL", script.text, unpack(arguments) }, until_s)
  end
  if reply == nil then return nil, problem end
  if reply.kind ~= "list" then return nil, "refused" end
  return reply.value
end

--- As above, on a connection of the pool or a new one. Only one that was used before and is closed now gets another try.
local function run(store, script, arguments)
  ngx.update_time()
  local until_s, problem = ngx.now() + WHOLE_S, nil
  for _ = 1, ATTEMPTS do
    local connection, items
    connection, problem = connect(store, until_s)
    if connection == nil then return nil, problem end
    items, problem = ask(connection.socket, script, arguments, until_s)
    if items then
      connection.socket:setkeepalive(IDLE_MS, POOL_SIZE)
      return items
    end
    connection.socket:close()
    if not (connection.is_used and (problem == "closed" or problem == "send")) then return nil, problem end
  end
  return nil, problem
end

--- The text of a password file without the line end behind it. Raises when there is none: the gateway does not start.
local function password_of(path, read_file)
  local text = read_file(path)
  local password = text and string.match(text, "^(.-)\r?\n?$")
  if password and password ~= "" and #password <= MAX_PASSWORD_BYTES then return password end
  ngx.log(ngx.EMERG, NO_PASSWORD) -- whatever the level of the log
  error(NO_PASSWORD)
end

local function hexadecimal(character)
  return string.format("%02x", string.byte(character))
end

--- A function(keys, arguments) that runs the script `text`: the list of its answers {kind=, value=}, or nil and one word for what went wrong:
-- "connect", "tls", "authentication", "send", "timeout", "closed", "protocol" or "refused".
--
-- described: {host=, port=, tls_name=, username=, password_file=} of the data. id: of what the pool may share connections with.
function M.new(described, text, read_file, id)
  local store = {
    host = described.host, port = described.port, tls_name = described.tls_name, username = described.username,
    password = described.password_file and password_of(described.password_file, read_file),
    options = { pool = "gwc:" .. id, pool_size = POOL_SIZE },
  }
  local script = { text = text, sha1 = string.gsub(ngx.sha1_bin(text), ".", hexadecimal) }
  return function(keys, arguments)
    local all = { #keys, unpack(keys) }
    for _, argument in ipairs(arguments) do all[#all + 1] = argument end
    return run(store, script, all)
  end
end

return M
