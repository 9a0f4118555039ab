"Run nbdev's documentation filter over notebooks, as `nbdev_docs` does before Quarto; say which ones it cannot read."
import contextlib, io, os, sys
from pathlib import Path

from execnb.nbio import read_nb
from nbdev.processors import FilterDefaults

def fault(path):
    "What the filter says against the notebook at `path`; empty if nothing."
    out,root = io.StringIO(),Path.cwd()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out): FilterDefaults()(read_nb(path))
    except Exception as e: return f'{type(e).__name__}: {e}'
    finally: os.chdir(root)
    return ''

if __name__=='__main__':
    os.environ['IN_TEST'] = '1'
    paths = sys.argv[1:] or sorted(p for p in Path('nbs').rglob('*.ipynb') if '.ipynb_checkpoints' not in p.parts)
    faults = {p:why for p in paths if (why := fault(p))}
    for p,why in faults.items(): print(f'{p}: {why[:200]}')
    sys.exit(bool(faults))
