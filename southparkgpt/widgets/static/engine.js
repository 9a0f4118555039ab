// A language model in a browser: the tokenizer, the modern transformer with its cache, the samplers, and a worker around
// them. Plain JavaScript without dependencies. Each part does what the notebook that it names does in Python.

// ---- Tokenizer: byte-pair encoding by rank (nbs/tokens/01_tokenizers.ipynb) ----

const SPLIT = {
  'char-level': /[\s\S]/gu,
  'metaspace': / [^ ]*|[^ ]+/gu,
  'metaspace-punctuation': / [^ !-\/:-@\[-`{-~]*|[!-\/:-@\[-`{-~]|[^ !-\/:-@\[-`{-~]+/gu,
  'whitespace-punctuation': /[\p{Alphabetic}\p{M}\p{Nd}]+|[\s\S]/gu,
  'byte-level': /'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu,
}

class Tokenizer {
  // family: a key of SPLIT; pieces: the text of each token (for byte-level its bytes, as characters); bos: the start token
  constructor({ family, pieces, bos }) {
    Object.assign(this, { family, pieces, bos, words: new Map() })
    this.bytes = family === 'byte-level'
    this.ids = new Map(pieces.map((p, i) => [p, i]).filter(([p, i]) => i !== bos && p !== ''))
    this.sizes = pieces.map(p => (this.bytes ? p.length : utf8(p).length))
    this.longest = this.sizes.reduce((a, b) => Math.max(a, b), 0)
    this.sorted = [...pieces.keys()].filter(i => pieces[i]).sort((i, j) => (pieces[i] < pieces[j] ? -1 : pieces[i] > pieces[j] ? 1 : i - j))
  }

  units(text) { // what merging starts from: bytes, or characters
    return this.bytes ? Array.from(utf8(text), b => String.fromCharCode(b)) : Array.from(text)
  }

  knows(text) { return this.bytes || Array.from(text).every(c => this.ids.has(c)) }

  encodeWord(word) {
    const parts = this.units(word)
    for (;;) {
      let best = Infinity, at = -1
      for (let i = 0; i + 1 < parts.length; i++) {
        const id = this.ids.get(parts[i] + parts[i + 1])
        if (id !== undefined && id < best) { best = id; at = i }
      }
      if (at < 0) return parts.map(p => this.ids.get(p))
      parts.splice(at, 2, parts[at] + parts[at + 1])
    }
  }

  encode(text) {
    if (!this.knows(text)) {
      const odd = [...new Set(text)].filter(c => !this.ids.has(c)).slice(0, 9)
      throw new Error(`The model does not know ${odd.map(c => JSON.stringify(c)).join(' ')}: replace ${odd.length > 1 ? 'them' : 'it'}.`)
    }
    const out = []
    for (const [word] of text.matchAll(SPLIT[this.family])) {
      if (!this.words.has(word)) {
        if (this.words.size > 20000) this.words.clear()
        this.words.set(word, this.encodeWord(word))
      }
      out.push(...this.words.get(word))
    }
    return out
  }

  text(piece) { return this.bytes ? new TextDecoder().decode(byteArray(piece)) : piece }
  decode(ids) { return this.text(ids.map(i => (i === this.bos ? '' : this.pieces[i])).join('')) }

  beginningWith(start) { // the tokens that begin with `start`, in the form of pieces
    const { sorted, pieces } = this
    let low = 0, high = sorted.length
    while (low < high) { const m = (low + high) >> 1; if (pieces[sorted[m]] < start) low = m + 1; else high = m }
    const out = []
    for (; low < sorted.length && pieces[sorted[low]].startsWith(start); low++) out.push(sorted[low])
    return out
  }
}

const utf8 = text => new TextEncoder().encode(text)
const byteArray = piece => Uint8Array.from(piece, c => c.charCodeAt(0))

// ---- Prompts: the context of a first line, and all ways to cut the end of a prompt (nbs/generation/05_generate.ipynb) ----

function promptText(tok, text) {
  text = text.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n')
  if (!text || text[0] === ',' || !tok.knows('.\n')) return text
  return (text[0] === '\n' ? '.' : '.\n') + text
}

const encodePrompt = (tok, text) => [tok.bos, ...tok.encode(promptText(tok, text))]
const sameIds = (a, b) => a.length === b.length && a.every((v, i) => v === b[i])

function startsWord(chars, i) { return i > 0 && chars[i] === ' ' && !/\s/.test(chars[i - 1]) }

function inTraining(tok, text, ids, token) { // is this how the tokenizer cuts `text` and the token's text?
  let piece
  try { piece = tok.bytes ? new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(byteArray(tok.pieces[token])) : tok.pieces[token] }
  catch (e) { return true }
  return sameIds(tok.encode(text + piece), [...ids, token])
}

function tokenCovers(tok, text) { // of {ids, inside, tokens}: ways to cut `text`, up to the token that covers its last character
  const chars = Array.from(text), ids = tok.encode(text), covers = []
  let word = 0
  for (let i = chars.length - tok.longest; i > 0; i--) if (startsWord(chars, i)) { word = i; break }
  let before = tok.encode(chars.slice(0, word).join('')), last = chars.slice(word)
  if (!sameIds(ids.slice(0, before.length), before)) { before = []; last = chars }
  for (let i = last.length - 1; i >= Math.max(last.length - tok.longest, 0); i--) {
    const inside = tok.units(last.slice(i).join('')).join(''), found = tok.beginningWith(inside)
    if (!found.length) continue
    const head = last.slice(0, i).join(''), start = tok.encode(head), sure = startsWord(last, i)
    const tokens = found.filter(t => (sure && tok.sizes[t] > 1) || inTraining(tok, head, start, t))
    if (tokens.length) covers.push({ ids: [...before, ...start], inside: inside.length, tokens })
  }
  const most = ids.slice(0, -1), end = ids[ids.length - 1]
  if (!covers.some(c => sameIds(c.ids, most) && c.tokens.includes(end))) covers.push({ ids: most, inside: tok.pieces[end].length, tokens: [end] })
  return covers
}

// ---- Model (nbs/models/02_networks.ipynb) ----

const BLOCK = 8 // tokens that are read at once

function matmul(out, w, x, rows, cols, n) { // out (n, rows) = x (n, cols) times w (rows, cols) transposed
  let t = 0
  for (; t + 4 <= n; t += 4) { // two rows by four tokens, so that what is loaded is used several times
    const x0 = t * cols, x1 = x0 + cols, x2 = x1 + cols, x3 = x2 + cols
    for (let r = 0; r < rows; r += 2) {
      const both = r + 1 < rows ? 1 : 0
      let a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0
      for (let j = 0, k = r * cols, l = k + both * cols; j < cols; j++, k++, l++) {
        const u = w[k], v = w[l], p = x[x0 + j], q = x[x1 + j], y = x[x2 + j], z = x[x3 + j]
        a += u * p; b += u * q; c += u * y; d += u * z; e += v * p; f += v * q; g += v * y; h += v * z
      }
      const o = t * rows + r, m = o + both // a last odd row is computed twice
      out[m] = e; out[m + rows] = f; out[m + 2 * rows] = g; out[m + 3 * rows] = h
      out[o] = a; out[o + rows] = b; out[o + 2 * rows] = c; out[o + 3 * rows] = d
    }
  }
  for (; t < n; t++) matvec(out, w, x, rows, cols, t)
}

function matvec(out, w, x, rows, cols, t) {
  const from = t * cols, whole = cols & ~3
  for (let r = 0, k = 0; r < rows; r++) {
    let a = 0, b = 0, c = 0, d = 0, j = from
    for (const end = from + whole; j < end; j += 4, k += 4) {
      a += w[k] * x[j]; b += w[k + 1] * x[j + 1]; c += w[k + 2] * x[j + 2]; d += w[k + 3] * x[j + 3]
    }
    for (const end = from + cols; j < end; j++, k++) a += w[k] * x[j]
    out[t * rows + r] = a + b + c + d
  }
}

function rmsnorm(out, x, weight, count) { // each of `count` vectors by itself
  const n = weight.length
  for (let g = 0; g < count; g++) {
    let s = 0
    for (let i = g * n; i < (g + 1) * n; i++) s += x[i] * x[i]
    s = 1 / Math.sqrt(s / n + 1e-6)
    for (let i = 0; i < n; i++) out[g * n + i] = x[g * n + i] * s * weight[i]
  }
}

class Model {
  // config: of the run; tensors: name to Float32Array
  constructor(config, tensors) {
    const C = config.d_model, H = config.num_heads, K = config.num_kv_heads || H, T = config.context_len, D = C / H
    Object.assign(this, { C, H, K, D, T, F: config.dim_feedforward, embed: tensors['embed.weight'], norm: tensors['norm.weight'] })
    this.V = this.embed.length / C
    this.head = tensors['head.weight'] || this.embed
    this.layers = Array.from({ length: config.num_layers }, (_, l) => {
      const w = name => tensors[`blocks.${l}.${name}.weight`]
      return { norm1: w('norm1'), norm2: w('norm2'), q: w('attn.q'), k: w('attn.k'), v: w('attn.v'), qNorm: w('attn.q_norm'), kNorm: w('attn.k_norm'),
        proj: w('attn.proj'), gate: w('mlp.gate'), up: w('mlp.up'), down: w('mlp.proj'), keys: new Float32Array(T * K * D), values: new Float32Array(T * K * D) }
    })
    const f = n => new Float64Array(BLOCK * n)
    this.x = f(C); this.h = f(C); this.q = f(C); this.k = f(K * D); this.v = f(K * D); this.a = f(C); this.gate = f(this.F); this.up = f(this.F)
    this.scores = new Float64Array(T); this.all = f(this.V); this.logits = new Float64Array(this.V)
    this.cos = new Float64Array(T * D / 2); this.sin = new Float64Array(T * D / 2)
    for (let p = 0; p < T; p++) for (let i = 0; i < D / 2; i++) {
      const angle = p * config.rope_theta ** (-2 * i / D)
      this.cos[p * D / 2 + i] = Math.cos(angle); this.sin[p * D / 2 + i] = Math.sin(angle)
    }
    // What has been read: `pos` tokens; of `seen` the first `known` belong together; `bits`: how surprising each was, NaN if not known
    this.pos = 0; this.known = 0; this.logitsAt = -1
    this.seen = new Int32Array(T); this.bits = new Float64Array(T)
  }

  rotate(x, heads, p) { // rotary positions: dimension i is paired with i + D/2
    const half = this.D / 2, { cos, sin } = this
    for (let h = 0; h < heads.count; h++) for (let i = 0; i < half; i++) {
      const at = heads.from + h * this.D + i, a = x[at], b = x[at + half], c = cos[p * half + i], s = sin[p * half + i]
      x[at] = a * c - b * s; x[at + half] = b * c + a * s
    }
  }

  attend({ keys, values }, n) { // from q and the cache to a
    const { D, H, K, C, q, a, scores } = this, scale = 1 / Math.sqrt(D)
    for (let m = 0; m < n; m++) for (let h = 0; h < H; h++) {
      const g = Math.floor(h * K / H), from = m * C + h * D, upTo = this.pos + m
      let top = -Infinity, total = 0
      for (let t = 0; t <= upTo; t++) {
        const at = (t * K + g) * D
        let s = 0
        for (let i = 0; i < D; i++) s += q[from + i] * keys[at + i]
        scores[t] = s * scale
        if (scores[t] > top) top = scores[t]
      }
      for (let t = 0; t <= upTo; t++) { scores[t] = Math.exp(scores[t] - top); total += scores[t] }
      for (let i = 0; i < D; i++) a[from + i] = 0
      for (let t = 0; t <= upTo; t++) {
        const p = scores[t] / total, at = (t * K + g) * D
        for (let i = 0; i < D; i++) a[from + i] += p * values[at + i]
      }
    }
  }

  forward(ids) { // read at most BLOCK tokens; x has what the head needs
    const { C, D, H, K, F, x, h, q, k, v, a, gate, up, pos } = this, n = ids.length
    if (pos + n > this.T) throw new Error(`${pos + n} tokens are more than the model's context of ${this.T}`)
    ids.forEach((id, m) => { for (let i = 0; i < C; i++) x[m * C + i] = this.embed[id * C + i] })
    for (const w of this.layers) {
      rmsnorm(h, x, w.norm1, n)
      matmul(q, w.q, h, C, C, n); matmul(k, w.k, h, K * D, C, n); matmul(v, w.v, h, K * D, C, n)
      rmsnorm(q, q, w.qNorm, n * H); rmsnorm(k, k, w.kNorm, n * K)
      for (let m = 0; m < n; m++) {
        this.rotate(q, { count: H, from: m * C }, pos + m); this.rotate(k, { count: K, from: m * K * D }, pos + m)
      }
      w.keys.set(k.subarray(0, n * K * D), pos * K * D); w.values.set(v.subarray(0, n * K * D), pos * K * D)
      this.attend(w, n)
      matmul(h, w.proj, a, C, C, n)
      for (let i = 0; i < n * C; i++) x[i] += h[i]
      rmsnorm(h, x, w.norm2, n)
      matmul(gate, w.gate, h, F, C, n); matmul(up, w.up, h, F, C, n)
      for (let i = 0; i < n * F; i++) gate[i] = gate[i] / (1 + Math.exp(-gate[i])) * up[i]
      matmul(h, w.down, gate, C, F, n)
      for (let i = 0; i < n * C; i++) x[i] += h[i]
    }
  }

  feed(ids, every) { // read at most BLOCK tokens: the logits after the last, and with `every` how surprising each was
    const n = ids.length, { C, V, pos } = this
    this.forward(ids)
    const first = every ? 0 : n - 1
    rmsnorm(this.h, every ? this.x : this.x.subarray(first * C, n * C), this.norm, n - first)
    const before = this.logitsAt === pos - 1 && pos ? surprise(this.logits, ids[0]) : NaN
    matmul(this.all, this.head, this.h, V, C, n - first)
    ids.forEach((id, m) => {
      const at = pos + m
      if (at >= this.known || this.seen[at] !== id) { this.known = at; this.bits[at] = NaN }
      this.seen[at] = id
      this.known = Math.max(this.known, at + 1)
      if (m === 0 && !Number.isNaN(before)) this.bits[at] = before
      if (m && every) this.bits[at] = surprise(this.all.subarray((m - 1) * V, m * V), id)
    })
    this.logits.set(this.all.subarray((n - 1 - first) * V, (n - first) * V))
    this.pos = pos + n
    this.logitsAt = this.pos - 1
  }

  back(pos) { // forget what was read after the first `pos` tokens
    this.pos = pos
    if (this.logitsAt !== pos - 1) this.logitsAt = -1
  }

  fitting(ids) { return ids.length > this.T ? ids.slice(-(this.T >> 1 || 1)) : ids }

  async read(ids, { every = false, pause } = {}) { // have exactly `ids` read, most of them perhaps already; logits after them
    let p = 0
    while (p < Math.min(ids.length, this.known) && this.seen[p] === ids[p] && !(every && p && Number.isNaN(this.bits[p]))) p++
    if (p === ids.length && this.pos === p && this.logitsAt === p - 1) return this.logits
    this.back(Math.max(Math.min(p, ids.length - 1) - (every && p < ids.length ? 1 : 0), 0))
    while (this.pos < ids.length) {
      this.feed(ids.slice(this.pos, this.pos + BLOCK), every)
      if (pause) await pause()
    }
    return this.logits
  }

  async next(ids, pause) { // the logits after `ids`, of which all but the last were read; a full context goes on from its last half
    if (this.pos < this.T) { this.feed(ids.slice(-1), false); return this.logits }
    return this.read(ids.slice(-(this.T >> 1 || 1)), { pause })
  }
}

function logSumExp(z) {
  let top = -Infinity, total = 0
  for (const v of z) if (v > top) top = v
  for (const v of z) total += Math.exp(v - top)
  return top + Math.log(total)
}
const surprise = (logits, id) => (logSumExp(logits) - logits[id]) / Math.LN2

// ---- Sampling: the same processors in the same order (nbs/generation/01_sampling.ipynb) ----

const WINDOW = 64 // tokens that the penalties look at

function processLogits(logits, recent, o = {}) {
  const z = Float64Array.from(logits), last = recent.slice(-WINDOW), temperature = o.temperature === undefined ? 1 : o.temperature
  if (o.repetition_penalty) for (const i of new Set(last)) z[i] = z[i] > 0 ? z[i] / o.repetition_penalty : z[i] * o.repetition_penalty
  if (temperature === 0) {
    let best = 0
    for (let i = 1; i < z.length; i++) if (z[i] > z[best]) best = i
    return z.fill(-Infinity).fill(0, best, best + 1)
  }
  for (let i = 0; i < z.length; i++) z[i] /= temperature
  const order = () => Uint32Array.from(z.keys()).sort((i, j) => z[j] - z[i] || i - j)
  if (o.top_k && o.top_k < z.length) {
    const least = z[order()[o.top_k - 1]]
    for (let i = 0; i < z.length; i++) if (z[i] < least) z[i] = -Infinity
  }
  if (o.top_p && o.top_p < 1) {
    const p = softmax(z), by = order(), top = z[by[0]]
    let before = 0
    for (const i of by) { if (before >= o.top_p && z[i] < top) z[i] = -Infinity; before += p[i] }
  }
  if (o.min_p) {
    const least = z.reduce((a, b) => Math.max(a, b), -Infinity) + Math.log(o.min_p)
    for (let i = 0; i < z.length; i++) if (z[i] < least) z[i] = -Infinity
  }
  return z
}

function softmax(z) {
  const all = logSumExp(z)
  return z.map(v => Math.exp(v - all))
}

function random(seed) { // mulberry32: the same seed gives the same text in every browser
  let s = seed >>> 0
  return () => {
    s = (s + 0x6D2B79F5) >>> 0
    let t = Math.imul(s ^ (s >>> 15), s | 1)
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

function sample(z, rnd) {
  const p = softmax(z), u = rnd()
  let sum = 0, last = 0
  for (let i = 0; i < p.length; i++) if (p[i] > 0) { sum += p[i]; last = i; if (u < sum) return i }
  return last
}

// ---- Weights: int8 rows with a scale for each, or float32 ----

function tensorsOf(layout, bytes) { // layout: name to {shape, at, scale}; `at` and `scale` are offsets; without a scale: float32
  const floats = (at, n) => new Float32Array(bytes.slice(at, at + 4 * n).buffer), out = {}
  for (const [name, { shape, at, scale }] of Object.entries(layout)) {
    const n = shape.reduce((a, b) => a * b, 1)
    if (scale === undefined) { out[name] = floats(at, n); continue }
    const rows = shape[0], cols = n / rows, steps = new Int8Array(bytes.buffer, bytes.byteOffset + at, n), s = floats(scale, rows)
    const w = out[name] = new Float32Array(n)
    for (let r = 0, k = 0; r < rows; r++) for (let c = 0; c < cols; c++, k++) w[k] = steps[k] * s[r]
  }
  return out
}

// ---- A writer: text in, text out ----

class Writer {
  // header: {config, tokenizer, layout}; weights: Uint8Array
  constructor(header, weights) {
    this.tok = new Tokenizer(header.tokenizer)
    this.model = new Model(header.config, tensorsOf(header.layout, weights))
  }

  async starts(text, pause) { // of {ids, rest, skip, logp}: all ways to go on from a prompt as training would have cut it
    const { tok, model } = this, T = model.T, whole = promptText(tok, text)
    const plain = [{ ids: [tok.bos, ...(whole ? tok.encode(whole) : [])], rest: '', skip: 0, logp: 0 }]
    if (!whole) return plain
    const covers = tokenCovers(tok, whole).map(c => ({ ...c, ids: [tok.bos, ...c.ids] }))
    const longest = Math.max(...covers.map(c => c.ids.length)) + 1, skip = longest > T ? longest - (T >> 1 || 1) : 0
    let common = covers[0].ids.length
    for (const c of covers) { let i = 0; while (i < Math.min(common, c.ids.length) && c.ids[i] === covers[0].ids[i]) i++; common = i }
    if (covers.reduce((n, c) => n + c.tokens.length, 0) === 1 || skip >= common) return plain
    const starts = []
    for (const c of covers) {
      let logp = 0
      await model.read(c.ids.slice(skip, common), { pause })
      for (let i = common; i < c.ids.length; i++) {
        logp -= surprise(model.logits, c.ids[i]) * Math.LN2
        model.feed([c.ids[i]], false)
      }
      const all = logSumExp(model.logits)
      for (const t of c.tokens) starts.push({ ids: [...c.ids, t], rest: tok.pieces[t].slice(c.inside), skip, logp: logp + model.logits[t] - all })
    }
    const all = logSumExp(starts.map(s => s.logp))
    return starts.map(s => ({ ...s, logp: s.logp - all }))
  }

  after({ ids, skip }, pause) { return this.model.read(this.model.fitting(ids.slice(skip)), { pause }) } // the logits

  async *write(text, { seed = 42, max_len = 300, pause, ...options } = {}) { // pieces of text; the prompt is not among them
    const { tok, model } = this, rnd = random(seed), starts = await this.starts(text, pause)
    const one = starts.length === 1 ? 0 : sample(processLogits(starts.map(s => s.logp), [], { ...options, repetition_penalty: 0 }), rnd)
    const { ids, rest } = starts[one]
    const decoder = new TextDecoder(), piece = p => (tok.bytes ? decoder.decode(byteArray(p), { stream: true }) : p)
    const keep = Math.max(model.T, WINDOW)
    let z = await this.after(starts[one], pause), recent = ids.slice(-keep)
    if (rest) yield { text: piece(rest), tokens: 0 }
    for (let n = 1; n <= max_len; n++) {
      const id = sample(processLogits(z, recent, options), rnd)
      recent.push(id)
      if (recent.length > 2 * keep) recent = recent.slice(-keep)
      yield { text: piece(id === tok.bos ? '' : tok.pieces[id]), tokens: n, id }
      if (n < max_len) z = await model.next(recent, pause)
    }
    const end = decoder.decode()
    if (end) yield { text: end, tokens: max_len }
  }

  async pieces(text, pause) { // {texts, logits, recent}: what may come next, and where in it what was said just now is
    const { tok } = this, starts = await this.starts(text, pause), found = new Map(), places = new Map()
    if (starts.length === 1) {
      const texts = tok.pieces.map((p, i) => (i === tok.bos ? '' : tok.text(p)))
      return { texts, logits: Float64Array.from(await this.after(starts[0], pause)), recent: starts[0].ids.slice(-WINDOW) }
    }
    const add = (piece, logp) => found.set(piece, found.has(piece) ? logSumExp([found.get(piece), logp]) : logp)
    for (const s of starts.filter(s => s.rest)) add(tok.text(s.rest), s.logp)
    for (const s of starts.filter(s => !s.rest && s.logp > -12)) { // the token ends where the prompt ends: one more
      const z = await this.after(s, pause), all = logSumExp(z)
      tok.pieces.forEach((p, i) => { if (p) { const t = tok.text(p); add(t, s.logp + z[i] - all); places.set(i, t) } })
    }
    const texts = [...found.keys()], recent = starts[0].ids.slice(-WINDOW).map(i => texts.indexOf(places.get(i))).filter(i => i >= 0)
    return { texts, logits: Float64Array.from(found.values()), recent }
  }

  async ahead(text, options, pause) { // the likeliest next pieces, and what each setting does to them
    const { texts, logits, recent } = await this.pieces(text, pause), shown = i => visible(texts[i])
    const process = o => softmax(processLogits(logits, recent, o)), best = p => p.indexOf(p.reduce((a, b) => Math.max(a, b)))
    const left = o => process({ temperature: options.temperature || 1, ...o }).reduce((n, p) => n + (p > 0), 0).toLocaleString('en')
    const cut = o => `Leaves ${left(o)} of ${logits.length.toLocaleString('en')} pieces to draw from.`, percent = p => `${Math.round(100 * p)}%`
    const learned = process({}), warm = process({ temperature: options.temperature }), first = best(learned)
    const moved = best(process({ repetition_penalty: options.repetition_penalty })), drawn = process(options)
    const top = Array.from(drawn.keys()).sort((i, j) => drawn[j] - drawn[i]).slice(0, 8).filter(i => drawn[i] >= .0005 || i === first)
    return {
      next_tokens: top.map(i => ({ token: texts[i], shown: shown(i), share: drawn[i] })),
      effects: {
        temperature: `The likeliest next piece, ${shown(first)}: ${percent(learned[first])} as learned, ${percent(warm[best(warm)])} so.`,
        repetition_penalty: moved === first ? 'The first choice stays.' : `The first choice is now ${shown(moved)}, not ${shown(first)}.`,
        top_k: cut({ top_k: options.top_k }), top_p: cut({ top_p: options.top_p }), min_p: cut({ min_p: options.min_p }),
      },
    }
  }

  async speakers(text, names, pause) { // how likely each of `names` is to begin the next line, beside the others and a scene
    const { tok, model } = this, known = names.filter(n => tok.knows(n)), all = ['', ...known].map(n => encodePrompt(tok, `${text}${n},`))
    const longest = all.reduce((n, ids) => Math.max(n, ids.length), 0), lines = all.map(ids => ids.slice(longest > model.T ? longest - (model.T >> 1) : 0))
    let common = 0
    while (lines.every(l => common < l.length - 1 && l[common] === lines[0][common])) common++
    const logps = []
    for (const ids of lines) {
      let logp = 0
      for (let i = common; i < ids.length; i++) {
        const z = await model.read(ids.slice(0, i), { pause })
        logp -= surprise(z, ids[i])
      }
      logps.push(logp * Math.LN2)
    }
    const p = softmax(logps)
    return Object.fromEntries(known.map((n, i) => [n, p[i + 1]]))
  }

  async surprise(text, pause) { // {lines, bits}: the tokens of each line as [start, end, bits], and bits per character
    const { tok, model } = this, ids = encodePrompt(tok, text), T = model.T, stride = Math.max(T >> 1, 1), bits = [0]
    for (let start = 0; start < ids.length - 1; start += stride) { // windows of a context, each after the half before
      const at = Math.max(start - (T - stride), 0), end = Math.min(start + stride, ids.length - 1)
      await model.read(ids.slice(at, end), { every: true, pause })
      for (let i = start + 1; i < end; i++) bits[i] = model.bits[i - at]
      bits[end] = surprise(model.logits, ids[end])
    }
    const lines = [[]], decoder = new TextDecoder()
    let at = 0, total = 0
    ids.slice(1).forEach((id, i) => (tok.bytes ? decoder.decode(byteArray(tok.pieces[id]), { stream: true }) : tok.pieces[id]).split('\n').forEach((piece, k) => {
      if (k) { lines.push([]); at = 0 }
      const length = Array.from(piece).length
      if (length) lines[lines.length - 1].push([at, at + length, Math.round(10 * bits[i + 1]) / 10])
      at += length
    }))
    const context = promptText(tok, text).length - text.length // the end of a line before, which is not shown
    if (context === 1) lines[0] = []
    if (context === 2) lines.shift()
    for (let i = 1; i < ids.length; i++) total += bits[i]
    return { lines, bits: total / (text.length + context) }
  }
}

const visible = token => token.replace(/ /g, '\u2423').replace(/\n/g, '\u21b5').replace(/\t/g, '\u21e5') || '(nothing)'

// ---- The worker: one job after the other; a new one ends a look, `stop` ends writing ----

function serve(scope) {
  let writer, jobs = Promise.resolve(), newest = 0, stopped = 0, slept = 0
  const channel = new MessageChannel(), waiting = []
  channel.port1.onmessage = () => waiting.shift()()
  const breathe = () => new Promise(done => { waiting.push(done); channel.port2.postMessage(0) }) // so that messages come in
  const DOES = {
    load({ header, weights }) {
      const text = atob(weights), bytes = new Uint8Array(text.length)
      for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
      writer = new Writer(header, bytes)
      return {}
    },
    async write({ id, before, begun, lines, ...options }, pause) {
      let text = begun, tokens = 0, told = 0, stopped = false
      const started = performance.now(), soFar = () => ({ id, text, tokens, seconds: (performance.now() - started) / 1000 })
      try {
        for await (const piece of writer.write([...before, begun].join('\n'), { ...options, pause })) {
          text += piece.text
          tokens = piece.tokens
          if (text.split('\n').length > lines) break
          if (performance.now() - told > 80) { told = performance.now(); scope.postMessage({ what: 'text', ...soFar() }) }
          await pause()
        }
      } catch (e) {
        if (e.message !== 'stopped') throw e
        stopped = true
      }
      return { ...soFar(), stopped }
    },
    ahead: ({ text, options }, pause) => writer.ahead(text, options, pause),
    async speakers({ text, names }, pause) { return { speakers: await writer.speakers(text, names, pause) } },
    surprise: ({ text }, pause) => writer.surprise(text, pause),
  }
  async function work(job) {
    const ended = () => (job.do === 'write' ? job.id <= stopped : job.do !== 'load' && job.id < newest)
    const pause = async () => {
      if (performance.now() - slept > 12) { await breathe(); slept = performance.now() }
      if (ended()) throw new Error('stopped')
    }
    try {
      if (job.do !== 'write' && ended()) return
      scope.postMessage({ id: job.id, what: job.do, ...await DOES[job.do](job, pause) })
    } catch (e) { if (e.message !== 'stopped') scope.postMessage({ id: job.id, what: 'error', of: job.do, message: e.message }) }
  }
  scope.onmessage = ({ data }) => {
    if (data.do === 'stop') { stopped = data.id; return }
    newest = data.id
    jobs = jobs.then(() => work(data))
  }
}

if (typeof WorkerGlobalScope !== 'undefined' && self instanceof WorkerGlobalScope) serve(self)
