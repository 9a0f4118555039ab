// The page to share: what the notebooks on the scene editor and the playground do in Python, for `render` of room.js, and a
// worker that writes. Text is only ever put in as text.

// ---- Lines of a script (nbs/widgets/01_script_html.ipynb, 03_scene_editor.ipynb) ----

function lineParts(line, writing) {
  if (line.startsWith(',')) return { kind: 'scene', speaker: '', parts: [{ kind: 'scene', text: line.slice(1), at: 1 }] }
  const name = (/^[^,"[\]]+(?=,)/.exec(line) || [''])[0]
  if (!name && writing && /^[^,"[\]]{1,30}$/.test(line)) return { kind: 'turn', speaker: line, parts: [] }
  if (!name) return { kind: 'other', speaker: '', parts: [{ kind: 'other', text: line, at: 0 }] }
  const parts = [], rest = line.slice(name.length + 1)
  for (const m of rest.matchAll(/\[([^[\]]*)\]?|([^["\]]+)|[^]/g)) {
    const kind = m[1] !== undefined ? 'action' : 'speech', text = m[1] !== undefined ? m[1] : m[2]
    if (!text || !text.trim()) continue
    const before = line.slice(0, name.length + 1 + m.index + (kind === 'action' ? 1 : 0) + text.length - text.trimStart().length)
    parts.push({ kind, text: text.trim(), at: Array.from(before).length })
  }
  return { kind: 'turn', speaker: name, parts }
}

function speakerColor(name) { // by the CRC-32 of the name, as in the room, and dark enough to be read
  let crc = -1
  for (const byte of new TextEncoder().encode(name)) {
    crc ^= byte
    for (let k = 0; k < 8; k++) crc = (crc >>> 1) ^ (crc & 1 ? 0xEDB88320 : 0)
  }
  return `color-mix(in srgb, hsl(${((crc ^ -1) >>> 0) % 360} 90% 50%) 45%, var(--jp-content-font-color0, currentColor))`
}

function isUnfinished(line) {
  if (!line.trim()) return true
  return (line.split('"').length - 1) % 2 === 1 || line.lastIndexOf('[') > line.lastIndexOf(']') || !'.!?"\'])*-:;'.includes(line.trim().slice(-1))
}

const promptFor = lines => (!lines.length || isUnfinished(lines[lines.length - 1]) ? lines.join('\n') : `${lines.join('\n')}\n`)

function typedLine(text, speaker, finished) {
  text = text.trim()
  if (speaker === null || speaker === undefined) {
    const { kind } = lineParts(text)
    return kind === 'scene' || (kind === 'turn' && (/["[]/.test(text) || text.endsWith(','))) ? text : `,${text}`
  }
  if (!speaker) return `,${text.replace(/^,/, '')}`
  if (text[0] === '"' || text[0] === '[') return `${speaker}, ${text}`
  return `${speaker}, "${text}${finished || '.!?-'.includes(text.slice(-1)) ? '"' : ''}`
}

function withSpeaker(line, speaker) {
  const { kind, speaker: name, parts } = lineParts(line)
  return kind === 'turn' && speaker ? speaker + line.slice(name.length) : typedLine(parts.map(p => p.text).join(' '), speaker, true)
}

// ---- A script as a tree of lines, with undo (nbs/widgets/03_scene_editor.ipynb) ----

class SceneEditor {
  constructor(text = '') {
    this.tree = { 0: { text: '', before: null, after: [], chosen: null } }
    this.newId = 1; this.past = []; this.future = []
    if (text) this.follow_(0, text.split('\n'))
  }
  get path() {
    const ids = []
    for (let i = this.tree[0].chosen; i !== null; i = this.tree[i].chosen) ids.push(i)
    return ids
  }
  get lines() { return this.path.map(i => this.tree[i].text) }
  get last() { return [0, ...this.path].pop() }
  put(i, changes) { this.tree[i] = { ...this.tree[i], ...changes } }
  follow_(i, lines) {
    for (const text of lines) {
      const id = this.newId++
      this.tree[id] = { text, before: i, after: [], chosen: null }
      this.put(i, { after: [...this.tree[i].after, id], chosen: id })
      i = id
    }
    return i
  }
  change(how) {
    const before = this.tree
    this.tree = { ...before }
    how()
    if (JSON.stringify(this.tree) === JSON.stringify(before)) return
    this.past = [...this.past, before].slice(-200)
    this.future = []
  }
  undo() { if (this.past.length) { this.future.push(this.tree); this.tree = this.past.pop() } }
  redo() { if (this.future.length) { this.past.push(this.tree); this.tree = this.future.pop() } }
  takes(n) {
    const { after } = this.tree[this.tree[this.path[n]].before]
    return [after.indexOf(this.path[n]), after.length]
  }
  write(kept, lines, finish) {
    const before = kept ? this.path[kept - 1] : 0
    this.change(() => {
      if (finish && kept) this.put(before, { text: lines[0] })
      this.follow_(before, finish && kept ? lines.slice(1) : lines)
    })
  }
  choose_take({ n, k }) {
    const { before } = this.tree[this.path[n]], { after } = this.tree[before]
    this.change(() => this.put(before, { chosen: after[(k + after.length) % after.length] }))
  }
  end_at({ n }) { const i = n >= 0 ? this.path[n] : 0; this.change(() => this.put(i, { chosen: null })) }
  follow() {
    const i = this.last, { after } = this.tree[i]
    if (after.length) this.change(() => this.put(i, { chosen: after[after.length - 1] }))
  }
  new_scene({ text }) { this.change(() => { this.put(0, { chosen: null }); if (text) this.follow_(0, text.split('\n')) }) }
  delete({ n }) {
    const i = this.path[n], line = this.tree[i], siblings = this.tree[line.before].after, place = siblings.indexOf(i)
    this.change(() => {
      for (const a of line.after) this.put(a, { before: line.before })
      this.put(line.before, { after: [...siblings.slice(0, place), ...line.after, ...siblings.slice(place + 1)], chosen: line.chosen })
      delete this.tree[i]
    })
  }
  edit({ n, text }) {
    if (!text) { this.delete({ n }); return }
    const i = this.path[n], [first, ...more] = text.split('\n')
    this.change(() => {
      const line = this.tree[i]
      this.put(i, { text: first })
      if (!more.length) return
      this.put(i, { after: [], chosen: null })
      const last = this.follow_(i, more)
      this.put(last, { after: line.after, chosen: line.chosen })
      for (const a of line.after) this.put(a, { before: last })
    })
  }
  set_speaker({ n, speaker }) { this.edit({ n, text: withSpeaker(this.tree[this.path[n]].text, speaker) }) }
  toDict() {
    const lines = Object.entries(this.tree).map(([id, l]) => ({ id: Number(id), text: l.text, after: l.after, chosen: l.chosen }))
    return { format: 'southparkgpt scene', version: 1, lines }
  }
  static fromDict(d) { // an Error says what is wrong
    if (!d || d.format !== 'southparkgpt scene' || d.version !== 1 || !Array.isArray(d.lines)) throw new Error('This is not a saved scene.')
    const e = new SceneEditor(), by = new Map(d.lines.map(l => [l.id, l])), reached = [0]
    e.tree = {}
    if (by.size !== d.lines.length || !by.has(0)) throw new Error('This scene is damaged: the ids of its lines are not different.')
    e.tree[0] = { before: null }
    for (const i of reached) {
      const { text, after, chosen } = by.get(i)
      const fits = typeof text === 'string' && !text.includes('\n') && Array.isArray(after) && (chosen === null || after.includes(chosen))
      if (!fits) throw new Error(`This scene is damaged at line ${i}.`)
      for (const a of after) {
        if (!by.has(a) || e.tree[a]) throw new Error(`This scene is damaged: line ${a} is missing, or follows two lines.`)
        e.tree[a] = { before: i }
        reached.push(a)
      }
      e.tree[i] = { text, before: e.tree[i].before, after, chosen }
    }
    if (reached.length !== by.size) throw new Error('This scene is damaged: there are lines that follow no other.')
    e.newId = reached.reduce((a, b) => Math.max(a, b), 0) + 1
    return e
  }
}

// ---- Forms to take away (nbs/generation/04_screenplay.ipynb) ----

function toFountain(text) {
  const out = []
  let last = null // who spoke just before goes on
  for (const line of text.split('\n').filter(l => l)) {
    const { kind, speaker, parts } = lineParts(line)
    if (kind === 'scene') out.push(`${out.length ? '\n' : ''}.${parts[0].text}`)
    else if (kind === 'other') out.push(`!${line}`)
    else {
      const rows = [`@${speaker}${speaker === last ? " (CONT'D)" : ''}`]
      parts.forEach((p, i) => { // actions in a row become one
        const again = i && parts[i - 1].kind === p.kind
        if (again) rows.push(p.kind === 'action' ? `${rows.pop().slice(0, -1)}; ${p.text})` : `${rows.pop()} ${p.text}`)
        else rows.push(p.kind === 'action' ? `(${p.text})` : p.text)
      })
      out.push(rows.join('\n'))
    }
    last = kind === 'turn' ? speaker : null
  }
  return `${out.join('\n\n')}\n`
}

function toHtml(text, head) {
  const e = s => s.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;').replace(/'/g, '&#x27;')
  const block = line => {
    const { kind, speaker, parts } = lineParts(line)
    if (kind === 'scene') return `<h2>${e(parts[0].text)}</h2>`
    if (kind === 'other') return `<p>${e(line)}</p>`
    return `<p><b>${e(speaker)}</b> ${parts.map(p => (p.kind === 'action' ? `<i>(${e(p.text)})</i>` : e(p.text))).join(' ')}</p>`
  }
  return `${head}${text.split('\n').filter(l => l).map(block).join('\n')}\n`
}

// ---- The room without a kernel: the traits and messages of the playground (nbs/widgets/07_playground.ipynb) ----

const LIMITS = { temperature: [0, 5], top_k: [0, 100000], top_p: [.01, 1], min_p: [0, 1], repetition_penalty: [.5, 5], lines: [1, 100], seed: [0, 2 ** 31 - 1] }
const LINE_TOKENS = 150 // of a line, at most
const EDITS = ['choose_take', 'end_at', 'follow', 'edit', 'delete', 'set_speaker', 'undo', 'redo', 'new_scene']
const FILES = { txt: ['text/plain', t => `${t}\n`], fountain: ['text/plain', toFountain], html: ['text/html', (t, head) => toHtml(t, head)] }

class PageModel {
  // header: what Python put into the page; post: sends a message to the worker; store: like localStorage
  constructor(header, post, store) {
    Object.assign(this, { header, post, store, listeners: {}, id: 0, names: {}, ready: false, waiting: null })
    this.editor = new SceneEditor(header.prompt)
    this.traits = {
      lines: [], draft: [], draft_at: 0, busy: false, status: 'Loading the model', progress: '', can: {}, models: [header.name], model: header.name, card: header.card,
      beginnings: [header.prompt], settings: { ...header.settings, lines: 6, seed: null }, effects: {}, speakers: [], next_tokens: [], surprising: false, surprise: [],
      surprise_note: '', last_seed: null, formats: Object.keys(FILES),
    }
    this.restore()
    this.show()
    this.look()
  }

  get(name) { return this.traits[name] }
  on(what, f) { (this.listeners[what] = this.listeners[what] || []).push(f) }
  off(what, f) { this.listeners[what] = (this.listeners[what] || []).filter(g => g !== f) }
  tell(what, m) { for (const f of this.listeners[what] || []) f(m) }
  set(traits) {
    Object.assign(this.traits, traits)
    for (const name of Object.keys(traits)) this.tell(`change:${name}`)
  }

  send({ do: what, ...args }) { // what the page asks for
    try {
      if (EDITS.includes(what)) { if (!this.traits.busy) { this.editor[what](args); this.changed('') } }
      else if (this[`do_${what}`]) this[`do_${what}`](args)
    } catch (e) { this.set({ status: e.message }) }
  }

  // The script
  show(status) {
    const e = this.editor, traits = { lines: e.path.map((i, n) => this.shownLine(e.tree[i].text, false, { id: i, take: e.takes(n) })) }
    traits.can = { undo: e.past.length > 0, redo: e.future.length > 0, ways: e.tree[e.last].after.length }
    if (status !== undefined) traits.status = status
    this.set(traits)
    this.keep()
  }
  shownLine(text, writing, more) {
    const parts = lineParts(text, writing)
    return { ...parts, text, color: parts.speaker ? speakerColor(parts.speaker) : '', copied: false, ...more }
  }
  changed(status) { this.show(status); this.look() }
  keep() {
    try { this.store.setItem(this.header.id, JSON.stringify({ ...this.editor.toDict(), settings: this.traits.settings })) } catch (e) { /* no room, or not allowed */ }
  }
  restore() {
    try { this.open(JSON.parse(this.store.getItem(this.header.id))) } catch (e) { /* nothing there */ }
  }
  open(d) {
    const editor = SceneEditor.fromDict(d)
    editor.past = [...this.editor.past, this.editor.tree]
    editor.newId = Math.max(editor.newId, this.editor.newId)
    this.editor = editor
    for (const [name, value] of Object.entries(d.settings || {})) if (LIMITS[name]) this.do_change_setting({ name, value })
  }

  // The worker
  look() {
    if (!this.ready || this.traits.busy) return
    const { lines } = this.editor, id = ++this.id
    this.post({ do: 'ahead', id, text: promptFor(lines), options: this.options() })
    const here = lines.map(l => lineParts(l).speaker).filter(n => n), whole = lines.filter(l => !isUnfinished(l))
    this.here = new Set(here)
    this.post({ do: 'speakers', id, text: whole.length ? `${whole.join('\n')}\n` : '', names: [...new Set([...this.header.speakers, ...here])].slice(0, 24) })
    if (this.traits.surprising && lines.length) this.post({ do: 'surprise', id, text: lines.join('\n') })
    else this.set({ surprise: [], surprise_note: '' })
  }
  options() {
    const { temperature, top_k, top_p, min_p, repetition_penalty } = this.traits.settings
    return { temperature, top_k, top_p, min_p, repetition_penalty: repetition_penalty === 1 ? 0 : repetition_penalty }
  }
  receive(m) { // from the worker
    const now = m.id === this.id
    if (m.what === 'load') { this.ready = true; this.set({ status: 'Ready' }); this.look() }
    else if (m.what === 'ahead' && now) this.set({ effects: m.effects, next_tokens: m.next_tokens })
    else if (m.what === 'speakers' && now) this.setSpeakers(m.speakers)
    else if (m.what === 'surprise' && now) this.set({ surprise: m.lines, surprise_note: `${m.bits.toFixed(2)} bits per character` })
    else if (m.what === 'text' && now) this.showDraft(m)
    else if (m.what === 'write') this.written(m)
    else if (m.what === 'error') this.failed(m)
  }
  failed({ message, of }) {
    if (of === 'write') { this.job = null; this.set({ busy: false, draft: [], progress: '' }); this.show() }
    this.set({ status: message })
  }
  setSpeakers(shares) {
    const likely = Object.keys(shares).sort((a, b) => shares[b] - shares[a]), names = likely.filter(n => shares[n] > .004 || this.here.has(n)).slice(0, 12)
    names.push(...this.header.speakers.filter(n => n in shares && !names.includes(n)).slice(0, Math.max(8 - names.length, 0)))
    const hint = n => (this.here.has(n) || shares[n] >= .01 ? undefined : 'Often in what this model writes')
    this.set({ speakers: names.map(name => ({ name, color: speakerColor(name), share: shares[name], hint: hint(name) })) })
  }

  // Writing
  start(kept, begun = '', wanted = this.traits.settings.lines, finish = false) {
    if (this.traits.busy) return
    if (!this.ready) throw new Error('The model is still loading')
    const seed = this.traits.settings.seed === null ? Math.floor(Math.random() * 1e6) : this.traits.settings.seed
    const before = this.editor.lines.slice(0, kept - (finish ? 1 : 0))
    this.job = { id: ++this.id, kept, begun, wanted, finish, seed }
    this.set({ last_seed: seed, busy: true, status: `Writing with ${this.header.name}`, draft_at: before.length, draft: [] })
    this.post({ do: 'write', id: this.job.id, before, begun, lines: wanted, max_len: LINE_TOKENS * wanted, seed, ...this.options() })
  }
  speed({ tokens, seconds }) { return tokens ? `, ${Math.round(tokens / Math.max(seconds, 1e-9))} tokens/s` : '' }
  showDraft(m) {
    const lines = m.text.split('\n'), { wanted } = this.job
    this.set({ draft: lines.map((l, i) => this.shownLine(l, i === lines.length - 1, { take: [0, 1] })), progress: `Line ${lines.length} of ${wanted}${this.speed(m)}` })
  }
  written(m) {
    const { kept, begun, wanted, finish, seed } = this.job, lines = m.text.split('\n').slice(0, wanted)
    if (!lines[lines.length - 1]) lines.pop()
    if (lines.length && lines.join('\n') !== begun) this.editor.write(kept, lines, finish)
    this.job = null
    this.set({ busy: false, draft: [], progress: '' })
    this.changed(`${m.stopped ? 'Stopped' : 'Done'}: ${lines.length} line${lines.length === 1 ? '' : 's'}, seed ${seed}${this.speed(m)}`)
  }

  // What else the page can ask for
  do_stop() { if (this.job) this.post({ do: 'stop', id: this.job.id }) }
  do_go_on({ text = '', speaker = null, write = true }) {
    if (this.traits.busy) return
    const typed = text.split(/\r?\n/).filter(l => l.trim()).map(l => typedLine(l, speaker, !write))
    if (typed.length) this.editor.write(this.editor.lines.length, typed)
    this.show(typed.length ? 'Added' : undefined)
    if (!write) { this.look(); return }
    const { lines } = this.editor, n = lines.length
    if (speaker !== null && !typed.length) this.start(n, `${speaker},`, 1)
    else if (n && isUnfinished(lines[n - 1])) this.start(n, lines[n - 1], undefined, true)
    else this.start(n)
  }
  do_retake({ n }) {
    const line = this.traits.lines[n]
    this.start(n, line.kind === 'other' ? '' : `${line.speaker},`, 1)
  }
  do_accept({ token }) {
    if (this.traits.busy) return
    const { lines } = this.editor, n = lines.length
    this.editor.write(n, (promptFor(lines) + token).split('\n').slice(Math.max(n - 1, 0)), n > 0)
    this.changed('')
  }
  do_change_setting({ name, value }) {
    const [low, high] = LIMITS[name]
    if (!(name === 'seed' && value === null)) {
      if (typeof value !== 'number' || Number.isNaN(value)) throw new Error(`${name} must be a number`)
      value = Math.min(Math.max(value, low), high)
      if (['top_k', 'lines', 'seed'].includes(name)) value = Math.trunc(value)
    }
    this.set({ settings: { ...this.traits.settings, [name]: value } })
    this.keep()
    this.look()
  }
  do_color_by_surprise({ on }) { this.set({ surprising: Boolean(on) }); this.look() }
  do_open_session({ text }) {
    if (this.traits.busy) return
    let d = null
    try { d = JSON.parse(text) } catch (e) { /* the message says so */ }
    this.open(d)
    this.changed('Opened')
  }
  do_export({ format }) {
    const text = this.editor.lines.join('\n'), session = JSON.stringify({ ...this.editor.toDict(), model: this.header.name, settings: this.traits.settings }, null, 1)
    const [type, form] = format === 'session' ? ['application/json', () => session] : FILES[format]
    this.tell('msg:custom', { kind: 'file', name: `scene.${format === 'session' ? 'json' : format}`, type, text: form(text, this.header.html_head) })
  }
}

// ---- The page ----

function startEngine(code, receive) { // a function that sends a message to the engine
  try {
    const worker = new Worker(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })))
    worker.onmessage = ({ data }) => receive(data)
    worker.onerror = e => receive({ what: 'error', of: 'write', message: `The model cannot run in this browser: ${e.message}` })
    return m => worker.postMessage(m)
  } catch (e) { // where a page from the disk may have no worker, the engine runs in the page, and lets it breathe between tokens
    const script = document.createElement('script')
    window.engineScope = { postMessage: data => setTimeout(() => receive(data)) }
    script.textContent = `(() => { ${code}\nserve(window.engineScope) })()`
    document.head.append(script)
    return data => window.engineScope.onmessage({ data })
  }
}

function openPage() {
  const read = id => document.getElementById(id).textContent, header = JSON.parse(read('header'))
  let store = null, model = null
  try { store = window.localStorage } catch (e) { /* not allowed here */ }
  const post = startEngine(read('engine'), m => model.receive(m))
  model = new PageModel(header, post, store)
  post({ do: 'load', id: 0, header, weights: read('weights') })
  document.getElementById('weights').remove()
  render({ model, el: document.getElementById('room') })
  window.room = model // for the console, and for tests
}
openPage()
