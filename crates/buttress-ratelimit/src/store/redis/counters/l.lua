local l = {}
function l.read(record, c)
  local state, mend = {}, false
  if not record then return state end
  if #record % 8 ~= 1 or #record > 8 * LARGEST + 1 then invalid() end
  for place = 2, #record, 8 do
    local seconds, nanos = read('>I4I4', record, place)
    local ago = -after(seconds, nanos)
    mend = mend or ago < 0
    if ago < c.span then state[#state + 1] = math.max(0, ago) end
  end
  return state, mend
end
function l.room(s, c) return #s + c.cost <= c.most end
-- What pushes others out counts in their place, and is not given back on top of them.
function l.add(s, c)
  local before = #s
  for _ = 1, math.min(c.cost, LARGEST) do
    if #s == LARGEST then table.remove(s, 1) end
    s[#s + 1] = 0
  end
  return #s - before
end
function l.remove(s, c)
  local came, left = c.to and c.span - c.to or s[#s], c.cost
  for place = #s, 1, -1 do
    if s[place] == came and left > 0 then
      table.remove(s, place)
      left = left - 1
    end
  end
end
function l.write(s, c)
  if #s == 0 then return end
  local record = { '\1' }
  for place = 1, #s do
    local seconds, nanos = at(-s[place])
    record[place + 1] = pack('>I4I4', seconds, nanos)
  end
  return table.concat(record), c.span - s[#s]
end
function l.answer(s, c)
  local leaves = s[math.max(1, #s + c.cost - c.most)]
  return #s, s[#s] or 0, leaves or 0
end
kinds.l = l
