"Build README.md and results.md from their notebooks, without Quarto; with --check only say whether they are current."
import json, re, sys
from pathlib import Path

PAGES = {'README.md':'nbs/index.ipynb', 'results.md':'nbs/lab/03_results.ipynb'}
DROP = ('hide', 'default_exp', 'export', 'exporti')

def text(o):
    "Markdown of one cell output; images and widgets have none."
    data = o.get('data', {})
    s = ''.join(o['text'] if o['output_type']=='stream' else data.get('text/markdown') or ('' if 'image/png' in data else data.get('text/plain', ''))).rstrip()
    return s if not s or 'text/markdown' in data else '```\n'+s+'\n```'

def cell(c):
    "Markdown of one cell; hidden and exported cells, and those after them that test, have none."
    src = ''.join(c['source'])
    if c['cell_type']=='markdown': return re.sub(r'(\.\./)+figures/', 'figures/', src)
    flags = re.findall(r'^#\s*\|\s*(.+)$', src, re.M)
    if any(f.split()[0] in DROP for f in flags): return ''
    outs = [t for o in c.get('outputs', []) if (t := text(o))]
    return '\n\n'.join(outs if 'echo: false' in flags else [f'```python\n{src}\n```', *outs])

def page(nb):
    "The whole notebook as Markdown; of a notebook with exports only prose and `echo: false` cells, from the title and the last part on."
    cells = json.loads(Path(nb).read_text(encoding='utf-8'))['cells']
    if any('#| export' in ''.join(c['source']) for c in cells):
        first = next(i for i,c in enumerate(cells) if ''.join(c['source']).startswith('## In short'))
        cells = cells[:1] + [next(c for c in cells[1:] if c['cell_type']=='markdown')] + cells[first:]
    return f'<!-- generated from {nb}; edit there -->\n\n' + '\n\n'.join(s for c in cells if (s := cell(c))) + '\n'

if __name__=='__main__':
    stale = [f for f,nb in PAGES.items() if not Path(f).exists() or Path(f).read_text(encoding='utf-8')!=page(nb)]
    if '--check' not in sys.argv:
        for f in stale: Path(f).write_text(page(PAGES[f]), encoding='utf-8')
    elif stale: sys.exit(f"not current: {', '.join(stale)} (run python .ci/readme.py)")
