"Build README.md, results.md and the site's sidebar from the notebooks, without Quarto; with --check only say whether they are current."
import json, os, re, sys
from pathlib import Path

from parts import PARTS

PAGES = {'README.md':'nbs/index.ipynb', 'results.md':'nbs/lab/10_results.ipynb'}
DROP = ('hide', 'default_exp', 'export', 'exporti')

def text(o):
    "Markdown of one cell output; images and widgets have none."
    data = o.get('data', {})
    s = ''.join(o['text'] if o['output_type']=='stream' else data.get('text/markdown') or ('' if 'image/png' in data else data.get('text/plain', ''))).rstrip()
    return s if not s or 'text/markdown' in data else '```\n'+s+'\n```'

def relink(text, folder):
    "Links and pictures that a notebook in `folder` finds, as the pages at the root find them."
    def path(m): return '](' + Path(os.path.relpath(folder/m[1])).as_posix() + ')' if (folder/m[1]).exists() else m[0]
    return re.sub(r'\]\(([^)#:\s]+)\)', path, text)

def cell(c):
    "Markdown of one cell; hidden and exported cells have none."
    src = ''.join(c['source'])
    if c['cell_type']=='markdown': return src
    flags = re.findall(r'^#\s*\|\s*(.+)$', src, re.M)
    if any(f.split()[0] in DROP for f in flags): return ''
    outs = [t for o in c.get('outputs', []) if (t := text(o))]
    return '\n\n'.join(outs if 'echo: false' in flags else [f'```python\n{src}\n```', *outs])

def page(nb):
    "The whole notebook as Markdown, with its outputs."
    cells = json.loads(Path(nb).read_text(encoding='utf-8'))['cells']
    text = '\n\n'.join(s for c in cells if (s := cell(c)))
    return f'<!-- generated from {nb}; edit there -->\n\n' + relink(text, Path(nb).parent) + '\n'

def sidebar(root=Path('nbs')):
    "nbs/sidebar.yml: the notebooks in the order in which the data walks through them."
    def entries(folder, indent): return [f'{indent}- {p.relative_to(root).as_posix()}' for p in sorted(folder.glob('[0-9]*.ipynb'))]
    out = ['website:', '  sidebar:', '    contents:', '      - index.ipynb', '      - start.ipynb', *entries(root, '      ')]
    for part in filter(None, PARTS): out += [f'      - section: {part}', '        contents:', *entries(root/part, '          ')]
    return '\n'.join(out) + '\n'

if __name__=='__main__':
    pages = {f:page(nb) for f,nb in PAGES.items()} | {'nbs/sidebar.yml':sidebar()}
    stale = [f for f,text in pages.items() if not Path(f).exists() or Path(f).read_text(encoding='utf-8')!=text]
    if '--check' not in sys.argv:
        for f in stale: Path(f).write_text(pages[f], encoding='utf-8', newline='')
    elif stale: sys.exit(f"not current: {', '.join(stale)} (run python .ci/readme.py)")
