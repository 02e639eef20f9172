--- One GET over HTTPS with a cosocket, for hosts that are NGINX inside. The server's certificate is verified for its name with
-- `lua_ssl_trusted_certificate`; no redirect is followed.
--
-- All of it, from the look-up of the name to the last byte, ends at one moment: a server that sends a byte now and then can't hold it up.
local http_response = require "gwc.http_response"

local REQUEST = "GET %s HTTP/1.1\r\nHost: %s\r\nAccept: application/json\r\nAccept-Encoding: identity\r\nUser-Agent: gwc\r\nConnection: close\r\n\r\n"
local READ_BYTES = 16 * 1024
local HEAD_BYTES = 32 * 1024

--- Gives the next step on the socket the time that is left; false when there is none.
local function allow(socket, until_s)
  ngx.update_time()
  local left_ms = (until_s - ngx.now()) * 1000
  if left_ms < 1 then return false end
  socket:settimeout(left_ms)
  return true
end

local function authority(source)
  return source.port == 443 and source.host or source.host .. ":" .. source.port
end

--- What to connect to: a name that NGINX or Kong looks up, but for the one that every resolver must know itself (RFC 6761 6.3).
local function address(source)
  return source.host == "localhost" and "127.0.0.1" or source.host
end

local function ask(socket, source, until_s)
  if not allow(socket, until_s) or not socket:connect(address(source), source.port) then return false end
  if not allow(socket, until_s) or socket:sslhandshake(false, source.host, true) ~= true then return false end
  return allow(socket, until_s) and socket:send(string.format(REQUEST, source.path, authority(source))) ~= nil
end

--- The body, nil for every answer but a whole one with status 200.
local function receive(socket, until_s, max_bytes)
  local text, is_closed = "", false
  while not is_closed do
    if not allow(socket, until_s) then return nil end
    local part, problem = socket:receiveany(READ_BYTES)
    if part == nil and problem ~= "closed" then return nil end
    text, is_closed = text .. (part or ""), part == nil
    local found = http_response.parse(text, is_closed)
    if found then return #found <= max_bytes and found or nil end
    if found == false or #text > 2 * max_bytes + HEAD_BYTES then return nil end
  end
  return nil
end

--- The body of `https://{source.host}:{source.port}{source.path}`, nil for everything but a whole answer with status 200 of at most
-- `max_bytes`, within `timeout_s`.
return function(source, timeout_s, max_bytes)
  local socket = ngx.socket.tcp()
  ngx.update_time()
  local until_s = ngx.now() + timeout_s
  local body = ask(socket, source, until_s) and receive(socket, until_s, max_bytes) or nil
  socket:close()
  return body
end
