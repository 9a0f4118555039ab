"""Every notebook as an item of pytest, run the way `nbdev_test` runs it, in a process of its own.

    pytest                      # the cells without a flag, a notebook an item
    pytest -k crawl             # one notebook
    pytest -m slow              # the cells flagged slow, in the notebooks that have some
"""
import json, re, subprocess, sys
from configparser import ConfigParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

def known_flags():
    "The flags of settings.ini, which are the markers here."
    ini = ConfigParser(delimiters=['='])
    ini.read(ROOT/'settings.ini', encoding='utf-8')
    return ini['DEFAULT']['tst_flags'].split()

def flags_of(path):
    "The flags that stand in a notebook's cells."
    cells = json.loads(path.read_text(encoding='utf-8'))['cells']
    code = '\n'.join(''.join(c['source']) for c in cells if c['cell_type']=='code')
    directives = ' '.join(re.findall(r'^#\s*\|(.+)$', code, re.M)).split()
    return [f for f in known_flags() if f in directives]

def pytest_configure(config):
    for f in known_flags(): config.addinivalue_line('markers', f'{f}: cells of notebooks that carry this flag')

def pytest_collect_file(file_path, parent):
    if file_path.suffix=='.ipynb' and '.ipynb_checkpoints' not in file_path.parts:
        return NotebookFile.from_parent(parent, path=file_path)

def pytest_collection_modifyitems(config, items):
    "Without -m, flagged cells are left out, as by nbdev_test."
    if config.option.markexpr: return
    flagged = [i for i in items if isinstance(i, NotebookItem) and i.flag]
    config.hook.pytest_deselected(items=flagged)
    items[:] = [i for i in items if i not in flagged]

class NotebookFile(pytest.File):
    "A notebook: one item for the cells without a flag, and one for each flag that it has."
    def collect(self):
        for flag in ['', *flags_of(self.path)]:
            name = f'{self.path.stem}[{flag}]' if flag else self.path.stem
            yield NotebookItem.from_parent(self, name=name, flag=flag)

class NotebookItem(pytest.Item):
    "A run of a notebook."
    def __init__(self, *, flag, **kwargs):
        super().__init__(**kwargs)
        self.flag = flag
        if flag: self.add_marker(flag)

    def runtest(self):
        call = f'from nbdev.test import nbdev_test; nbdev_test({str(self.path)!r}, {self.flag!r}, n_workers=0)'
        done = subprocess.run([sys.executable, '-c', call], cwd=ROOT, capture_output=True, text=True)
        if done.returncode: raise NotebookFailure(done.stdout+done.stderr)

    def repr_failure(self, excinfo, **kwargs):
        if isinstance(excinfo.value, NotebookFailure): return str(excinfo.value)
        return super().repr_failure(excinfo, **kwargs)

    def reportinfo(self): return self.path, None, f'{self.path.relative_to(ROOT)}{f" [{self.flag}]"*bool(self.flag)}'

class NotebookFailure(Exception): "What nbdev_test printed: the notebook, the cell's number, the traceback."
