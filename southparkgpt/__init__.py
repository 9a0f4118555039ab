"Small language models of television scripts: crawl, clean, tokenize, train, evaluate, write."
__version__ = "0.0.1"

# What most users need, by its short name. Each is imported when it is first asked for, so that
# `import southparkgpt` costs milliseconds and `spgpt_generate` does not wait for plots and widgets.
_HOMES = dict(PACKAGE='config', load_config='config', load_episodes='data.corpus', get_tokenizer='tokens.tokenizers', make_model='models.networks',
              load_run='models.runs', generate='generation.generate', evaluate='evaluation.scoring', train='training.train',
              Playground='widgets.playground', Insight='widgets.insight')
__all__ = list(_HOMES)

def __getattr__(name):
    if name not in _HOMES: raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    from importlib import import_module
    return getattr(import_module(f'.{_HOMES[name]}', __name__), name)

def __dir__(): return [*globals(), *_HOMES]
