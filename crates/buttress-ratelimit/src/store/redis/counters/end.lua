local answer, states, refused, fits = { 0, micro }, {}, false, {}
-- Whoever counts is told how much was counted, too.
local each = op == 2 and 4 or 3

for i, key in ipairs(KEYS) do
  local from = 7 * i - 5
  local o = {
    kind = kinds[ARGV[from]], cost = ARGV[from + 1] + 0, most = ARGV[from + 2] + 0, span = ARGV[from + 3] + 0,
    optional = ARGV[from + 4] == '1', who_has = ARGV[from + 5],
  }
  if o.kind then
    local seconds = o.who_has + 0
    o.to = seconds >= 0 and after(seconds, ARGV[from + 6] + 0) or nil
    local record = call('GET', key)
    local version = record and (string.byte(record) or 0)
    if record and (version < 1 or version > (o.kind.version or 1)) then invalid() end
    o.state, o.mend = o.kind.read(record, o)
    o.stood = record
    fits[i] = o.kind.room(o.state, o)
  else
    if op > 0 then permits.mend(key) end
    o.held = permits.held(key)
    fits[i] = o.held + o.cost <= o.most
  end
  states[i] = o
  if not fits[i] and not o.optional then refused = true end
end

if refused and op < 2 then answer[1] = -1 end

for i, key in ipairs(KEYS) do
  local o = states[i]
  local counted = 0
  local adds = op == 2 or op == 1 and not refused and fits[i]
  if op < 2 and not refused and not fits[i] then answer[1] = answer[1] + 2 ^ (i - 1) end
  if op == 4 then
    call('DEL', key)
    if o.kind then o.state = o.kind.read(false, o) else o.held = 0 end
  elseif not o.kind then
    if adds then
      permits.add(key, o)
      counted = o.cost
      o.held = o.held + counted
    elseif op == 3 then
      permits.remove(key, o)
    elseif op == 5 then
      permits.renew(key, o)
    end
  elseif adds or op == 3 or o.mend and op > 0 then
    if adds then counted = o.kind.add(o.state, o) elseif op == 3 then o.kind.remove(o.state, o) end
    local record, span = o.kind.write(o.state, o)
    if record then put(key, record, span) elseif o.stood then call('DEL', key) end
  end
  local first = each * (i - 1) + 3
  if o.kind then
    answer[first], answer[first + 1], answer[first + 2] = o.kind.answer(o.state, o)
  else
    answer[first], answer[first + 1], answer[first + 2] = o.held, 0, 0
  end
  if op == 2 then answer[first + 3] = counted end
end
return pack('>' .. string.rep('i8', #answer), unpack(answer))
