#!/bin/sh
# Makes site/ from docs/ with MkDocs 1.6, as it was committed: pip install mkdocs==1.6.1.
# The theme's own styles, fonts and scripts are left out; they are 3 MB, and no page.
set -eu
cd "$(dirname "$0")"
mkdocs build --quiet --clean
rm -rf site/css site/js site/img site/webfonts site/fonts site/search/*.js site/sitemap.xml.gz
find site -name '*.html' -exec sed -i '/^ *Build Date UTC/d' {} +
