"Packaging shim: every value comes from settings.ini (edit there, not here)."
import shlex
from configparser import ConfigParser
from setuptools import find_packages, setup

ini = ConfigParser(delimiters=['='])
ini.read('settings.ini', encoding='utf-8')
cfg = ini['DEFAULT']
def reqs(key): return shlex.split(cfg.get(key, ''))

setup(
    name=cfg['lib_name'], version=cfg['version'], description=cfg['description'],
    author=cfg['author'], author_email=cfg['author_email'], url=cfg['git_url'],
    keywords=cfg['keywords'], license='Apache-2.0', python_requires=f">={cfg['min_python']}",
    long_description=open('README.md', encoding='utf-8').read(), long_description_content_type='text/markdown',
    classifiers=['Programming Language :: Python :: 3', 'Framework :: Jupyter'],
    packages=find_packages(include=[cfg['lib_path'], f"{cfg['lib_path']}.*"]), zip_safe=False,
    package_data={cfg['lib_path']: ['presets/*.yml', 'sweeps/*.yml', 'experiments/*.yml', 'example/*', 'sample_series/*.csv', 'widgets/static/*']},
    install_requires=reqs('requirements')+reqs('pip_requirements'),
    extras_require={'dev': reqs('dev_requirements')},
    entry_points={'console_scripts': reqs('console_scripts'), 'nbdev': [f"{cfg['lib_path']}={cfg['lib_path']}._modidx:d"]})
