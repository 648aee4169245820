local f = {}
function f.read(record, c)
  if not record then return { 0, 0 } end
  if #record ~= 13 then invalid() end
  local _, seconds, nanos, used = read('>BI4I4I4', record)
  local left = after(seconds, nanos)
  if left <= 0 or used == 0 then return { 0, 0 } end
  return { math.min(left, c.span), used }, left > c.span
end
function f.room(s, c) return s[2] + c.cost <= c.most end
function f.add(s, c)
  if s[2] == 0 then s[1] = c.span end
  local before = s[2]
  s[2] = math.min(before + c.cost, FOREVER)
  return s[2] - before
end
function f.remove(s, c)
  if not c.to or c.to == s[1] then s[2] = math.max(0, s[2] - c.cost) end
end
function f.write(s)
  if s[2] == 0 then return end
  local seconds, nanos = at(s[1])
  return pack('>BI4I4I4', 1, seconds, nanos, s[2]), s[1]
end
function f.answer(s) return s[1], s[2], 0 end
kinds.f = f
