"JupyterLab cuts long lines off: under 1% of the notebooks' code lines may be longer than 120 characters, and none than 140."
import json, re, sys
from pathlib import Path

def code_lines(path):
    "`(cell number, line)` of a notebook's code, without directives and empty lines."
    for i,cell in enumerate(json.loads(path.read_text(encoding='utf-8'))['cells']):
        if cell['cell_type']!='code': continue
        for line in ''.join(cell['source']).splitlines():
            if line.strip() and not re.match(r'\s*#\s*\|', line): yield i,line

paths = sorted(p for p in Path('nbs').rglob('*.ipynb') if '.ipynb_checkpoints' not in p.parts)
lines = [(p, i, line) for p in paths for i,line in code_lines(p)]
long = [l for l in lines if len(l[2])>120]
too_long = [l for l in long if len(l[2])>140]
for p,i,line in too_long: print(f'{p}, cell {i}: {len(line)} characters: {line.strip()[:60]}...')
print(f'{len(long)} of {len(lines):,} code lines ({len(long)/len(lines):.1%}) have over 120 characters')
sys.exit(bool(too_long) or len(long)>.01*len(lines))
