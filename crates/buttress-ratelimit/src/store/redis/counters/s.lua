local s = {}
function s.read(record, c)
  if not record then return { 0, 0, 0 } end
  if #record ~= 17 then invalid() end
  local _, seconds, nanos, newer, older = read('>BI4I4I4I4', record)
  local ago = -after(seconds, nanos)
  local back = ago < 0
  ago = math.max(0, ago)
  if ago >= c.span then
    older = ago - c.span < c.span and newer or 0
    newer, ago = 0, ago - c.span
  end
  if newer == 0 and older == 0 then return { 0, 0, 0 } end
  return { ago, newer, older }, back
end
function s.room(s, c)
  return s[3] * math.max(0, c.span - s[1]) <= (c.most - s[2] - c.cost) * c.span
end
function s.add(s, c)
  if s[2] == 0 and s[3] == 0 then s[1] = 0 end
  local before = s[2]
  s[2] = math.min(before + c.cost, FOREVER)
  return s[2] - before
end
function s.remove(s, c)
  if not c.to or c.to == 2 * c.span - s[1] then
    s[2] = math.max(0, s[2] - c.cost)
  elseif c.to == c.span - s[1] then
    s[3] = math.max(0, s[3] - c.cost)
  end
end
function s.write(s, c)
  if s[2] == 0 and s[3] == 0 then return end
  local seconds, nanos = at(-s[1])
  return pack('>BI4I4I4I4', 1, seconds, nanos, s[2], s[3]), (s[2] == 0 and 1 or 2) * c.span - s[1]
end
function s.answer(s) return s[1], s[2], s[3] end
kinds.s = s
