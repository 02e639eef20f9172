--- The names in a certificate's subjectAltName (RFC 5280 4.2.1.6): URIs and DNS names, out of PEM. The certificate was verified before
-- by the TLS library; what this reader does not understand has no names.
local base64url = require "gwc.base64url"

local M = {}

local byte, gsub, match, sub = string.byte, string.gsub, string.match, string.sub

local SUBJECT_ALT_NAME = "\85\29\17" -- 2.5.29.17
local SEQUENCE, OBJECT_ID, OCTETS, EXTENSIONS, VERSION = 0x30, 0x06, 0x04, 0xA3, 0xA0
local URI, DNS_NAME = 0x86, 0x82

--- Tag, first and last place of the content, of the DER value at `at`; nil when it does not end by `stop`. Lengths up to 64 KiB.
local function header(der, at, stop)
  local tag, length = byte(der, at, at + 1)
  local first = at + 2
  if length == 0x81 then
    length, first = byte(der, at + 2), at + 3
  elseif length == 0x82 then
    local high, low = byte(der, at + 2, at + 3)
    length, first = low and high * 256 + low, at + 4
  elseif length and length >= 0x80 then
    return nil
  end
  local last = length and first + length - 1
  if last == nil or last > stop then return nil end
  return tag, first, last
end

--- Calls `each(tag, first, last)` for the values in a row; false when they do not fill it exactly.
local function walk(der, first, stop, each)
  local at = first
  while at <= stop do
    local tag, from, to = header(der, at, stop)
    if tag == nil then return false end
    each(tag, from, to)
    at = to + 1
  end
  return at == stop + 1
end

--- First and last place of the content of the only value of `tag` in the row; nil when there is none, or more than one.
local function only(der, first, stop, wanted)
  local from, to, count = nil, nil, 0
  local whole = walk(der, first, stop, function(tag, a, b)
    if tag == wanted then from, to, count = a, b, count + 1 end
  end)
  if not whole or count ~= 1 then return nil end
  return from, to
end

--- First and last place of the content of the first value in the row, which is of `tag`.
local function first_of(der, first, stop, wanted)
  local tag, from, to = header(der, first, stop)
  if tag ~= wanted then return nil end
  return from, to
end

--- Where the extensions are: tbsCertificate is the first part of the certificate, [3] a part of it, a sequence in that.
local function extensions(der)
  local first, last = first_of(der, 1, #der, SEQUENCE)
  if first and last == #der then first, last = first_of(der, first, last, SEQUENCE) else return nil end
  if first and byte(der, first) == VERSION then first, last = only(der, first, last, EXTENSIONS) else return nil end
  if first then return first_of(der, first, last, SEQUENCE) end
  return nil
end

--- Where the general names of the only subjectAltName are.
local function general_names(der)
  local first, last = extensions(der)
  if first == nil then return nil end
  local from, to, count = nil, nil, 0
  local whole = walk(der, first, last, function(tag, a, b)
    local id_from, id_to = first_of(der, a, b, OBJECT_ID)
    if tag == SEQUENCE and id_from and sub(der, id_from, id_to) == SUBJECT_ALT_NAME then from, to, count = a, b, count + 1 end
  end)
  if not whole or count ~= 1 then return nil end
  local octets_from, octets_to = only(der, from, to, OCTETS)
  if octets_from == nil then return nil end
  local names_from, names_to = first_of(der, octets_from, octets_to, SEQUENCE)
  if names_to ~= octets_to then return nil end
  return names_from, names_to
end

--- {uris=, dns_names=} of a certificate's DER, both lists, in their order.
function M.names(der)
  local found = { uris = {}, dns_names = {} }
  local first, last = general_names(der)
  if first == nil then return found end
  local whole = walk(der, first, last, function(tag, from, to)
    local list = (tag == URI and found.uris) or (tag == DNS_NAME and found.dns_names)
    if list then list[#list + 1] = sub(der, from, to) end
  end)
  return whole and found or { uris = {}, dns_names = {} }
end

--- The DER of a PEM text with one certificate, nil when it is none.
local function der_of(pem)
  local text = match(pem, "^%s*%-%-%-%-%-BEGIN CERTIFICATE%-%-%-%-%-%s(.-)%-%-%-%-%-END CERTIFICATE%-%-%-%-%-%s*$")
  if text == nil then return nil end
  return base64url.decode_padded((gsub(text, "%s", "")))
end

--- {uris=, dns_names=} of a certificate in PEM; without any name when it can't be read.
function M.read(pem)
  return M.names(der_of(pem) or "")
end

return M
