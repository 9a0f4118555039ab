// The page of the writers' room. It draws what Python says and tells Python what was clicked or typed: the script, the
// models and all rules are there (nbs/widgets/07_playground.ipynb). Text is always put in as text, never as HTML.

const ICONS = {
  left: 'M15 18l-6-6 6-6', right: 'M9 18l6-6-6-6', plus: 'M12 5v14M5 12h14', check: 'M4 12l6 6L20 6', close: 'M6 6l12 12M18 6L6 18',
  edit: 'M17 3a2.8 2.8 0 1 1 4 4L7.5 20.5 2 22l1.5-5.5z',
  trash: 'M3 6h18M8 6V4a2 2 0 0 1 2-2h4a2 2 0 0 1 2 2v2M19 6l-1 14a2 2 0 0 1-2 2H8a2 2 0 0 1-2-2L5 6',
  again: 'M23 4v6h-6M1 20v-6h6M3.5 9a9 9 0 0 1 14.9-3.4L23 10M1 14l4.6 4.4A9 9 0 0 0 20.5 15',
  from: 'M15 10l5 5-5 5M4 4v7a4 4 0 0 0 4 4h12', undo: 'M9 14L4 9l5-5M20 20v-7a4 4 0 0 0-4-4H4', redo: 'M15 14l5-5-5-5M4 20v-7a4 4 0 0 1 4-4h12',
  who: 'M20 21v-2a4 4 0 0 0-4-4H8a4 4 0 0 0-4 4v2M12 3a4 4 0 1 0 0 8 4 4 0 0 0 0-8z',
  settings: 'M4 21v-7M4 10V3M12 21v-9M12 8V3M20 21v-5M20 12V3M1 14h6M9 8h6M17 16h6',
  info: 'M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zM12 16v-4M12 8h.01',
  save: 'M21 15v4a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-4M7 10l5 5 5-5M12 15V3', drop: 'M12 2.7l5.7 5.7a8 8 0 1 1-11.3 0z',
  scene: 'M14 2H6a2 2 0 0 0-2 2v16a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2V8zM14 2v6h6M12 18v-6M9 15h6',
  write: 'M20.2 12.2a6 6 0 0 0-8.4-8.4L5 10.5V19h8.5zM16 8L2 22M17.5 15H9', stop: 'M6 6h12v12H6z',
}
const SETTINGS = [ // name, label, least, most, step, what it means
  ['temperature', 'Boldness', 0, 2, .05, 'Low is safe, high is wild; 0 always takes the likeliest.'],
  ['top_p', 'Drop the tail', .05, 1, .01, 'Draw only from the likeliest pieces that together have this share; 1: from all.'],
  ['top_k', 'Choose among', 0, 200, 1, 'Draw only from so many of the likeliest pieces; 0: from all.'],
  ['min_p', 'Drop the unlikely', 0, .5, .01, 'Leave out what is less likely than this share of the likeliest piece.'],
  ['repetition_penalty', 'Avoid repeating', 1, 2, .05, 'Weakens what was said just now; 1: not at all.'],
  ['lines', 'Lines at a time', 1, 30, 1, 'How far the model goes on before it is your turn.'],
  ['takes', 'Drafts of each line', 1, 16, 1, 'Above 1, a critic reads so many and shows the best; the others are its takes. Slower.'],
]
const OVER = ['starting', 'restarting', 'autorestarting', 'terminating', 'dead'] // status of a kernel that has lost this room
const FORMATS = { txt: 'Text', fountain: 'Fountain', fdx: 'Final Draft', html: 'HTML' }

function h(tag, attrs, ...children) {
  const el = document.createElement(tag)
  // JupyterLab would take keys for its own commands; it looks for this on the element that has the focus
  if (['button', 'input', 'textarea', 'select', 'li'].includes(tag)) el.setAttribute('data-lm-suppress-shortcuts', 'true')
  for (const [k, v] of Object.entries(attrs || {})) {
    if (v === undefined || v === null || v === false) continue
    if (k.startsWith('on')) el.addEventListener(k.slice(2), v)
    else if (k in el && k !== 'list') el[k] = v
    else el.setAttribute(k, v === true ? '' : v)
  }
  el.append(...children.filter(c => c !== null && c !== undefined && c !== false))
  return el
}

function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path')
  for (const [k, v] of [['viewBox', '0 0 24 24'], ['aria-hidden', 'true'], ['class', 'room-icon']]) svg.setAttribute(k, v)
  path.setAttribute('d', ICONS[name])
  svg.append(path)
  return svg
}

const button = (name, label, onclick, attrs) =>
  h('button', { type: 'button', className: 'room-tool', title: label, 'aria-label': label, onclick, ...attrs }, icon(name))

// The characters of a part of a line, each token of it on a ground as strong as its surprise
function marked(text, at, marks) {
  if (!marks) return [text]
  const chars = Array.from(text), spans = []
  for (const [start, end, bits] of marks) {
    const piece = chars.slice(Math.max(0, start - at), Math.max(0, end - at)).join('')
    if (piece) spans.push(h('span', { className: 'room-bits', title: `${bits} bits`, style: `--heat:${Math.round(Math.min(Math.max(bits, 0) / 12, 1) * 65)}%` }, piece))
  }
  return spans
}

function lineBody(line, marks) {
  if (line.kind === 'turn') {
    const said = h('div', { className: 'room-said' })
    line.parts.forEach((p, i) => {
      if (i) said.append(' ')
      said.append(p.kind === 'action' ? h('i', {}, '(', ...marked(p.text, p.at, marks), ')') : h('span', {}, ...marked(p.text, p.at, marks)))
    })
    const who = h('div', { className: 'room-who' }, ...marked(line.speaker, 0, marks))
    who.style.color = line.color
    return [who, said]
  }
  return [h('div', { className: `room-${line.kind}` }, ...line.parts.flatMap(p => marked(p.text, p.at, marks)))]
}

function render({ model, el }) {
  const get = name => model.get(name)
  const send = (what, args) => { if (!gone) model.send({ do: what, ...args }) }
  const off = () => gone || (get('loading') && !get('busy')) // nothing can be done now
  let gone = false, over = false, current = -1, next = null, open = null, mode = null, wanted = false, following = true
  const cache = new Map()

  // The parts of the room
  const models = h('select', { className: 'room-models', 'aria-label': 'Model', title: 'Model', onchange: () => send('choose_model', { name: models.value }),
    onpointerdown: () => send('refresh'), onfocus: () => send('refresh') })
  const undo = button('undo', 'Undo', () => send('undo')), redo = button('redo', 'Redo', () => send('redo'))
  const toggles = {}
  for (const [name, pic, label] of [['card', 'info', 'About this model'], ['new', 'scene', 'New scene'], ['settings', 'settings', 'Settings'], ['share', 'save', 'Save and share']])
    toggles[name] = button(pic, label, () => show(open === name ? null : name), { 'aria-expanded': 'false' })
  const surprise = h('button', { type: 'button', className: 'room-switch', role: 'switch', 'aria-label': 'Colour by surprise',
    title: 'Colour the text by how much each piece surprised the model', onclick: () => send('color_by_surprise', { on: !get('surprising') }) }, icon('drop'), h('span', {}, 'Surprise'))
  const bar = h('div', { className: 'room-bar' }, models, toggles.card, h('span', { className: 'room-gap' }), undo, redo, toggles.new, surprise, toggles.settings, toggles.share)

  const list = h('ol', { className: 'room-lines', 'aria-label': 'Script', role: 'list' })
  const ways = h('button', { type: 'button', className: 'room-ways', onclick: () => send('follow') })
  const empty = h('p', { className: 'room-empty' }, 'An empty page. Type how it begins, choose who speaks, or press Enter and let the model begin.')
  const paper = h('div', { className: 'room-paper' }, list, ways, empty)
  const page = h('div', { className: 'room-page', onscroll: () => { following = page.scrollHeight - page.scrollTop - page.clientHeight < 40 } }, paper)
  const drawer = h('aside', { className: 'room-drawer', hidden: true })
  const tokens = h('div', { className: 'room-next', role: 'group', 'aria-label': 'Likely next' })

  const chips = h('div', { className: 'room-chips', role: 'radiogroup', 'aria-label': 'Who is next' })
  const text = h('textarea', { className: 'room-text', rows: 1, 'aria-label': 'Your line', oninput: () => { fit(text); label() } })
  const add = h('button', { type: 'button', className: 'room-add', title: 'Add the line, without going on (Ctrl+Enter)', onclick: () => go(false) }, 'Add only')
  const goOn = h('button', { type: 'button', className: 'room-go', onclick: () => go(true) })
  const stop = h('button', { type: 'button', className: 'room-go room-stop', onclick: () => send('stop') }, icon('stop'), h('span', {}, 'Stop'), h('kbd', {}, 'Esc'))
  const status = h('div', { className: 'room-status', role: 'status', 'aria-live': 'polite' })
  const progress = h('div', { className: 'room-progress' })
  const composer = h('div', { className: 'room-composer' }, chips, h('div', { className: 'room-row' }, text, add, goOn, stop))
  const root = h('div', { className: 'room' }, bar, h('div', { className: 'room-main' }, page, drawer), tokens, composer,
    h('div', { className: 'room-foot' }, status, progress))
  const box = h('div', { className: 'room-box' }, root)

  const shownLines = () => get('busy') ? get('lines').slice(0, get('draft_at')).concat(get('draft')) : get('lines')
  const fit = area => { area.style.height = 'auto'; area.style.height = `${Math.min(area.scrollHeight + 2, 200)}px` }

  // Lines
  function tools(n, line) {
    const [k, all] = line.take
    const leaf = all > 1 ? h('span', { className: 'room-takes' }, button('left', 'Earlier take', () => take(n, -1)), h('span', { title: 'Take' }, `${k + 1}/${all}`),
      button('right', 'Later take', () => take(n, 1))) : null
    return h('div', { className: 'room-tools', role: 'toolbar', 'aria-label': `Line ${n + 1}` }, leaf, button('again', 'Another take (t)', () => retake(n)),
      button('edit', 'Edit (Enter)', () => change(n, 'edit')), button('who', 'Who says it (s)', () => change(n, 'who')),
      button('from', 'Go on from here (g)', () => send('end_at', { n })), button('trash', 'Delete (Del)', () => send('delete', { n })))
  }
  const take = (n, step) => send('choose_take', { n, k: get('lines')[n].take[0] + step })
  const retake = n => { following = true; send('retake', { n }) }
  function change(n, what) { mode = { n, what }; current = n; draw() }
  function settle(focus = true) { mode = null; draw(); if (focus && list.children[current]) list.children[current].focus() }

  function editor(n, line) {
    const area = h('textarea', { className: 'room-edit', value: line.text, 'aria-label': `Edit line ${n + 1}`, rows: 1, oninput: () => fit(area),
      onkeydown: e => {
        if (e.key === 'Escape') { e.stopPropagation(); settle() }
        if (e.key === 'Enter' && !e.shiftKey) { e.preventDefault(); save() }
      } })
    const save = () => { if (area.value !== line.text) send('edit', { n, text: area.value }); settle() }
    setTimeout(() => { area.focus(); area.setSelectionRange(area.value.length, area.value.length); fit(area) })
    return h('div', { className: 'room-change' }, area, button('check', 'Keep (Enter)', save), button('close', 'Leave as it was (Esc)', () => settle()))
  }
  function chooser(n) {
    const pick = speaker => { send('set_speaker', { n, speaker }); settle() }
    const other = h('input', { className: 'room-other', placeholder: 'Someone else', 'aria-label': 'Someone else', onkeydown: e => {
      if (e.key === 'Enter' && other.value.trim()) { e.preventDefault(); pick(other.value.trim()) } } })
    const row = h('div', { className: 'room-change room-chips', role: 'group', 'aria-label': `Who says line ${n + 1}`, onkeydown: e => {
      if (e.key === 'Escape') { e.stopPropagation(); settle() } } },
      ...get('speakers').map(s => chip(s.name, s.color, () => pick(s.name))), chip('Scene', '', () => pick('')), other)
    setTimeout(() => row.querySelector('button').focus())
    return row
  }
  function chip(name, color, onclick, attrs) {
    const c = h('button', { type: 'button', className: 'room-chip', onclick, ...attrs }, name)
    if (color) c.style.setProperty('--who', color)
    return c
  }

  function drawLines() {
    const lines = shownLines(), busy = get('busy'), marks = get('surprising') && !busy ? get('surprise') : [], from = busy ? get('draft_at') : lines.length
    if (mode && (busy || gone || !lines[mode.n])) mode = null
    lines.forEach((line, n) => {
      const changing = mode && mode.n === n ? mode.what : '', drafting = n >= from
      const key = JSON.stringify([line, n, marks[n], changing, busy, off(), drafting, drafting && n === lines.length - 1])
      let li = list.children[n]
      if (li && cache.get(li) === key) return
      const held = li && li.contains(document.activeElement) && !changing
      const fresh = h('li', { className: `room-line ${line.kind === 'turn' ? 'is-turn' : ''} ${line.copied ? 'is-copied' : ''} ${drafting ? 'is-draft' : ''}`,
        tabIndex: -1, onfocus: () => select(n), onclick: () => { if (window.getSelection().isCollapsed && !mode) fresh.focus() },
        ondblclick: () => { if (!get('busy') && !off()) change(n, 'edit') }, title: line.copied ? 'Nearly all of its words stand so in a training script' : null },
        ...(changing === 'edit' ? [editor(n, line)] : [h('div', { className: 'room-body' }, ...lineBody(line, marks[n])), changing === 'who' ? chooser(n) : null]),
        drafting || busy || changing || off() ? null : tools(n, line))
      if (drafting && n === lines.length - 1) (fresh.querySelector('.room-said, .room-scene, .room-other, .room-who') || fresh).append(h('span', { className: 'room-caret' }))
      cache.set(fresh, key)
      if (li) li.replaceWith(fresh)
      else list.append(fresh)
      if (held) fresh.focus()
    })
    while (list.children.length > lines.length) list.lastChild.remove()
    if (current >= lines.length) current = lines.length - 1
    Array.from(list.children).forEach((li, n) => {
      li.tabIndex = n === Math.max(current, 0) ? 0 : -1
      li.querySelectorAll('.room-tools button').forEach(b => { b.tabIndex = n === current ? 0 : -1 })
    })
    const n = busy ? 0 : get('can').ways
    ways.hidden = !n
    ways.textContent = n === 1 ? 'Bring back what came after' : `Bring back one of ${n} ways on`
    empty.hidden = lines.length > 0 || busy
    if (busy && following) page.scrollTop = page.scrollHeight
  }
  function select(n) {
    current = n
    Array.from(list.children).forEach((li, k) => {
      li.tabIndex = k === n ? 0 : -1
      li.querySelectorAll('.room-tools button').forEach(b => { b.tabIndex = k === n ? 0 : -1 })
    })
  }
  function walk(to) {
    if (to >= list.children.length) return text.focus()
    const li = list.children[Math.max(to, 0)]
    if (li) { li.focus(); li.scrollIntoView({ block: 'nearest' }) }
  }

  // Who is next, and the line that is typed
  function drawChips() {
    const focused = chips.contains(document.activeElement)
    const names = get('speakers').map(s => s.name)
    if (next && !names.includes(next)) next = null
    const options = [[null, 'Anyone', '', 'Whoever the model thinks of'], ['', 'Scene', '', 'A scene line: where are we?'],
      ...get('speakers').map(s => [s.name, s.name, s.color, s.hint || (s.share >= .01 ? `${Math.round(100 * s.share)}% likely next` : 'In this scene')])]
    chips.replaceChildren(...options.map(([value, name, color, title]) => chip(name, color, () => { choose(value); text.focus() },
      { role: 'radio', title, 'aria-checked': String(value === next), tabIndex: value === next ? 0 : -1, disabled: off(), value: value ?? '' })))
    if (focused) chips.querySelector('[aria-checked=true]').focus()
    function choose(value) { next = value; drawChips(); label() }
    chips.onkeydown = e => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[e.key]
      if (e.key === 'Enter') { e.preventDefault(); go(true) }
      if (!step) return
      e.preventDefault()
      choose(options[(options.findIndex(o => o[0] === next) + step + options.length) % options.length][0])
      chips.querySelector('[aria-checked=true]').focus()
    }
  }
  function label() {
    const typed = text.value.trim(), busy = get('busy')
    const what = typed ? 'Add and go on' : next === '' ? 'A scene' : next ? `${next} speaks` : 'Continue'
    goOn.replaceChildren(icon('write'), h('span', {}, what), h('kbd', {}, '\u21b5'))
    goOn.hidden = busy
    stop.hidden = !busy
    add.hidden = busy || !typed
    text.placeholder = next === '' ? 'Where are we? Or leave it to the model' : next ? `What ${next} says. Or leave it to the model` : 'Write a line, or let the model go on'
  }
  function go(write) {
    if (get('busy') || off() || (!write && !text.value.trim())) return
    following = true
    send('go_on', { text: text.value, speaker: next, write })
    text.value = ''
    next = null
    fit(text)
    drawChips()
    label()
    page.scrollTop = page.scrollHeight
  }

  function drawTokens() {
    const busy = get('busy')
    tokens.hidden = !get('surprising') || busy || !get('next_tokens').length
    tokens.replaceChildren(h('span', { className: 'room-hint' }, 'Likely next'), ...get('next_tokens').map(t => h('button', { type: 'button', className: 'room-token',
      title: 'Take it', disabled: off(), onclick: () => send('accept', { token: t.token }), style: `--share:${Math.round(100 * t.share)}%` }, h('code', {}, t.shown), h('small', {}, `${Math.round(100 * t.share)}%`))),
      h('span', { className: 'room-hint room-bpc' }, get('surprise_note')))
  }

  // The drawer
  function show(name) {
    open = name
    for (const [k, b] of Object.entries(toggles)) b.setAttribute('aria-expanded', String(k === name))
    drawDrawer()
    if (name) { const first = drawer.querySelector('button, input'); if (first) first.focus() }
  }
  function panel(title, ...children) {
    drawer.replaceChildren(h('div', { className: 'room-title' }, h('h3', {}, title), button('close', 'Close', () => { const b = toggles[open]; show(null); b.focus() })), ...children.filter(c => c))
  }
  function drawDrawer() {
    drawer.hidden = !open
    drawer.setAttribute('aria-label', open ? toggles[open].title : '')
    if (open === 'settings') drawSettings()
    if (open === 'card') panel(get('model'), h('dl', {}, ...Object.entries(get('card')).flatMap(([k, v]) => [h('dt', {}, k), h('dd', {}, v)])),
      Object.keys(get('card')).length ? null : h('p', {}, 'Loading'))
    if (open === 'new') panel('New scene', h('p', {}, 'What stands here is kept: undo, or leaf through the takes of the first line.'),
      ...[...get('beginnings'), ''].map(t => h('button', { type: 'button', className: 'room-start', onclick: () => { send('new_scene', { text: t }); show(null); text.focus() } },
        t.replace(/^,/, '') || 'An empty page')))
    if (open === 'share') {
      const file = h('input', { type: 'file', accept: '.json,application/json', 'aria-label': 'Open a session', className: 'room-file',
        onchange: async () => { if (file.files[0]) send('open_session', { text: await file.files[0].text() }); show(null) } })
      panel('Save and share', h('button', { type: 'button', className: 'room-start', onclick: copy }, 'Copy the text'),
        h('p', {}, 'Download as'), h('div', { className: 'room-files' }, ...(gone ? ['txt'] : get('formats')).map(f => h('button', { type: 'button', className: 'room-start', onclick: () => download(f) }, FORMATS[f] || f))),
        gone ? null : h('p', {}, 'A session keeps all takes, to be opened again:'), gone ? null : h('button', { type: 'button', className: 'room-start', onclick: () => send('export', { format: 'session' }) }, 'Save the session'),
        gone ? null : h('label', { className: 'room-start' }, 'Open a session', file))
    }
  }
  const plain = () => shownLines().map(l => l.text).join('\n')
  async function copy() {
    try { await navigator.clipboard.writeText(plain()); say('Copied') }
    catch (e) { say('The browser does not let a page copy here: download the text instead') }
  }
  function save({ name, type, text }) {
    const url = URL.createObjectURL(new Blob([text], { type })), a = h('a', { href: url, download: name })
    a.click()
    setTimeout(() => URL.revokeObjectURL(url), 1000)
  }
  const download = format => gone ? save({ name: 'scene.txt', type: 'text/plain', text: plain() + '\n' }) : send('export', { format })
  const say = words => { status.textContent = words }

  let controls = null
  function drawSettings() {
    const s = get('settings')
    if (controls && drawer.contains(controls.seed)) return updateSettings()
    controls = { rows: {} }
    const rows = SETTINGS.filter(([name]) => name in s).map(([name, title, min, max, step, meaning]) => {
      let timer
      const put = () => { clearTimeout(timer); send('change_setting', { name, value: Number(range.value) }) }
      const range = h('input', { type: 'range', min, max, step, value: s[name], 'aria-label': title, oninput: () => { out.textContent = Number(range.value); clearTimeout(timer); timer = setTimeout(put, 120) }, onchange: put })
      const out = h('span', { className: 'room-value' }), effect = h('p', { className: 'room-effect' })
      controls.rows[name] = { range, out, effect }
      return h('div', { className: 'room-setting' }, h('div', {}, h('span', {}, title), out), range, h('p', {}, meaning), effect)
    })
    controls.seed = h('input', { type: 'number', min: 0, placeholder: 'new each time', 'aria-label': 'Seed', onchange: () => send('change_setting', { name: 'seed', value: controls.seed.value === '' ? null : Number(controls.seed.value) }) })
    controls.keep = h('button', { type: 'button', className: 'room-start', onclick: () => send('change_setting', { name: 'seed', value: get('last_seed') }) })
    panel('Settings', ...rows, h('div', { className: 'room-setting' }, h('div', {}, h('span', {}, 'Seed'), controls.seed), h('p', {}, 'The same seed writes the same text. Leave it empty for a new one each time.'), controls.keep))
    updateSettings()
  }
  function updateSettings() {
    const s = get('settings'), effects = get('effects')
    for (const [name, { range, out, effect }] of Object.entries(controls.rows)) {
      if (document.activeElement !== range) range.value = s[name]
      out.textContent = document.activeElement === range ? Number(range.value) : s[name]
      effect.textContent = effects[name] || ''
    }
    if (document.activeElement !== controls.seed) controls.seed.value = s.seed ?? ''
    const last = get('last_seed')
    controls.keep.hidden = last === null || last === s.seed
    controls.keep.textContent = `Keep the last one, ${last}`
  }

  // Everything, at most once a frame
  function draw() {
    wanted = false
    const busy = get('busy'), can = get('can'), names = get('models')
    root.classList.toggle('is-busy', busy)
    root.classList.toggle('is-surprising', get('surprising'))
    root.classList.toggle('is-gone', gone)
    if (Array.from(models.options, o => o.value).join('\n') !== names.join('\n')) models.replaceChildren(...names.map(n => h('option', { value: n }, n)))
    models.value = get('model')
    models.disabled = busy || off()
    undo.disabled = busy || off() || !can.undo
    redo.disabled = busy || off() || !can.redo
    surprise.setAttribute('aria-checked', String(get('surprising')))
    toggles.new.disabled = busy || off()
    for (const o of [surprise, text, goOn, add, stop, ways, toggles.settings]) o.disabled = off()
    drawLines()
    drawChips()
    label()
    drawTokens()
    if (gone && ['new', 'settings'].includes(open)) show(null)
    if (open) drawDrawer()
    if (gone) say('The kernel is gone: run the cell again. What stands here can still be copied, or saved as text.')
    else if (status.textContent !== get('status')) say(get('status'))
    progress.textContent = gone ? '' : get('progress')
  }
  const ask = () => { if (!wanted) { wanted = true; requestAnimationFrame(draw) } }

  root.addEventListener('keydown', e => {
    const line = e.target.closest('.room-line'), typing = e.target.matches('textarea, input:not([type=range])'), n = current
    const held = e.ctrlKey || e.metaKey
    if (e.key === 'Escape') {
      e.preventDefault()
      if (get('busy')) send('stop')
      else if (open) { const b = toggles[open]; show(null); b.focus() }
      else text.focus()
    } else if (held && !typing && e.key.toLowerCase() === 'z') { e.preventDefault(); send(e.shiftKey ? 'redo' : 'undo') }
    else if (held && !typing && e.key.toLowerCase() === 'y') { e.preventDefault(); send('redo') }
    else if (e.target === text) {
      if (e.key === 'Enter' && !e.shiftKey) { e.preventDefault(); go(!held) }
      else if (e.key === 'ArrowUp' && !text.value) { e.preventDefault(); walk(list.children.length - 1) }
    } else if (line && !typing && !held && !e.altKey) {
      const here = e.target === line, busy = get('busy') || off()
      const does = { ArrowUp: () => walk(n - 1), ArrowDown: () => walk(n + 1), Home: () => walk(0), End: () => walk(list.children.length - 1) }
      if (!busy && here) Object.assign(does, { Enter: () => change(n, 'edit'), ArrowLeft: () => take(n, -1), ArrowRight: () => take(n, 1), Delete: () => send('delete', { n }) })
      if (!busy) Object.assign(does, { t: () => retake(n), g: () => send('end_at', { n }), s: () => change(n, 'who'), e: () => change(n, 'edit') })
      if (does[e.key] && !e.target.closest('.room-change')) { e.preventDefault(); does[e.key]() }
    }
  })

  const TRAITS = ['lines', 'draft', 'draft_at', 'busy', 'loading', 'status', 'progress', 'can', 'models', 'model', 'card', 'beginnings', 'settings', 'effects', 'speakers',
    'next_tokens', 'surprising', 'surprise', 'surprise_note', 'last_seed', 'formats']
  const alive = () => { gone = over; ask() }
  const lost = () => { gone = true; controls = null; ask() }
  // JupyterLab ends a comm when the user restarts the kernel, not when it is shut down or restarted by somebody else
  const kernel = model.widget_manager?.kernel
  const onStatus = () => { if (kernel.isDisposed || OVER.includes(kernel.status)) { over = true; lost() } }
  const onConnection = (_, status) => { if (status === 'disconnected') lost(); else if (status === 'connected') alive() }
  const message = m => { if (m.kind === 'file') save(m) }
  for (const t of TRAITS) model.on(`change:${t}`, alive)
  model.on('msg:custom', message)
  model.on('comm_live_update', lost)
  kernel?.statusChanged?.connect(onStatus)
  kernel?.connectionStatusChanged?.connect(onConnection)
  el.append(box)
  draw()
  setTimeout(() => { page.scrollTop = page.scrollHeight })
  return () => {
    for (const t of TRAITS) model.off(`change:${t}`, alive)
    model.off('msg:custom', message)
    model.off('comm_live_update', lost)
    kernel?.statusChanged?.disconnect(onStatus)
    kernel?.connectionStatusChanged?.disconnect(onConnection)
  }
}

export default { render }
