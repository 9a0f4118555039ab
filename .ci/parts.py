"Hold the order of the parts: a notebook imports only from parts before its own, and within its part from lower numbers."
import ast, json, re, sys
from pathlib import Path

PARTS = ['', 'data', 'tokens', 'models', 'generation', 'evaluation', 'training', 'widgets', 'lab']
BEFORE = {part: set(PARTS[:i]) for i,part in enumerate(PARTS)} | {'widgets': set(PARTS[:6])}  # panels use runs, they train none

def code_cells(path):
    cells = json.loads(Path(path).read_text(encoding='utf-8'))['cells']
    return [''.join(c['source']) for c in cells if c['cell_type']=='code']

def home(cells):
    "The module that a notebook exports to, without the package's name; none if it exports nothing."
    found = re.search(r'^#\|\s*default_exp\s+(\S+)', '\n'.join(cells), re.M)
    return found and found[1]

def imported(cells, modules):
    "The modules of the package that a notebook's cells import; its short names count as what they stand for."
    for source in cells:
        try: tree = ast.parse(re.sub(r'^(\s*)[%!].*', r'\1pass', source, flags=re.M))
        except SyntaxError: continue
        for node in ast.walk(tree):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module] if isinstance(node, ast.ImportFrom) and not node.level else []
            yield from (n.removeprefix('southparkgpt.') for n in names if n and n.removeprefix('southparkgpt.') in modules)

def violations(root='nbs'):
    "One sentence for each import that runs back."
    cells = {p:code_cells(p) for p in sorted(Path(root).rglob('*.ipynb')) if '.ipynb_checkpoints' not in p.parts}
    paths = {home(c):p for p,c in cells.items() if home(c)}
    def part(path): return '' if path.parent==Path(root) else path.parent.name
    for path,own in cells.items():
        if path.parent==Path(root) and not home(own): continue  # index and start show everything
        for module in sorted(set(imported(own, paths))):
            other = paths[module]
            if other==path: continue
            if part(other)==part(path): back = other.stem>path.stem
            else: back = part(other) not in BEFORE[part(path)]
            if back: yield f'{path} imports southparkgpt.{module} ({other.name}), which comes later'

if __name__=='__main__':
    found = list(violations())
    print(*found, sep='\n')
    sys.exit(bool(found))
