package documents

import (
	"strings"
	"testing"
)

// Pages as generators and people make them: what is around the text, and the text.
var pages = []struct{ kind, page, title, text string }{
	{"Sphinx, Read the Docs theme", `<!DOCTYPE html><html class="writer-html5" lang="en"><head><meta charset="utf-8"/>
<title>Mooring &mdash; Harbour 2.1 documentation</title></head>
<body class="wy-body-for-nav"><div class="wy-grid-for-nav">
<nav data-toggle="wy-nav-shift" class="wy-nav-side"><div class="wy-side-scroll"><div class="wy-side-nav-search"><a href="index.html" class="icon icon-home">Harbour</a>
<div class="version">2.1</div><div role="search"><form id="rtd-search-form" action="search.html"><input type="text" name="q" placeholder="Search docs"/></form></div></div>
<div class="wy-menu wy-menu-vertical"><p class="caption"><span class="caption-text">Contents:</span></p><ul class="current"><li class="toctree-l1"><a class="reference internal" href="a.html">Arriving</a></li></ul></div></div></nav>
<section data-toggle="wy-nav-shift" class="wy-nav-content-wrap"><nav class="wy-nav-top"><i class="fa fa-bars"></i><a href="index.html">Harbour</a></nav>
<div class="wy-nav-content"><div class="rst-content"><div role="navigation" aria-label="Page navigation"><ul class="wy-breadcrumbs"><li><a href="index.html" class="icon icon-home"></a></li><li class="breadcrumb-item active">Mooring</li>
<li class="wy-breadcrumbs-aside"><a href="_sources/mooring.rst.txt" rel="nofollow"> View page source</a></li></ul><hr/></div>
<div role="main" class="document" itemscope="itemscope" itemtype="http://schema.org/Article"><div itemprop="articleBody">
<section id="mooring"><h1>Mooring<a class="headerlink" href="#mooring" title="Permalink to this heading">` + "\uf0c1" + `</a></h1>
<nav class="contents local" id="contents"><ul class="simple"><li><p><a class="reference internal" href="#ropes" id="id1">Ropes</a></p></li><li><p><a class="reference internal" href="#knots" id="id2">Knots</a></p></li></ul></nav>
<div class="admonition warning"><p class="admonition-title">Warning</p><p>The quay is slippery.</p></div>
<section id="ropes"><h2><a class="toc-backref" href="#id1" role="doc-backlink">Ropes</a><a class="headerlink" href="#ropes" title="Permalink to this heading">` + "\uf0c1" + `</a></h2>
<p>Polyester stretches less.<a class="footnote-reference brackets" href="#f1" id="id3" role="doc-noteref"><span class="fn-bracket">[</span>1<span class="fn-bracket">]</span></a></p>
<div class="sidebar"><p class="sidebar-title">Chafe</p><p>Leather protects a rope.</p></div></section>
<section id="knots"><h2>Knots<a class="headerlink" href="#knots">¶</a></h2><p>A bowline holds.</p>
<aside class="footnote-list brackets"><aside class="footnote brackets" id="f1" role="doc-footnote"><span class="label"><span class="fn-bracket">[</span><a role="doc-backlink" href="#id3">1</a><span class="fn-bracket">]</span></span><p>Tested in 2019.</p></aside></aside></section>
</section></div></div>
<footer><div class="rst-footer-buttons" role="navigation"><a href="a.html" class="btn" rel="prev">Previous</a><a href="b.html" rel="next">Next</a></div><hr/><div role="contentinfo"><p>&#169; Copyright 2024.</p></div>Built with <a href="https://www.sphinx-doc.org/">Sphinx</a></footer></div></div></section></div>
<div class="rst-versions"><span class="rst-current-version">v: latest</span></div></body></html>`,
		"Mooring", "Warning\n\nThe quay is slippery.\n\nRopes\n\nPolyester stretches less.\n\nChafe\n\nLeather protects a rope.\n\nKnots\n\nA bowline holds.\n\nTested in 2019."},

	{"Sphinx, pydata theme", `<!DOCTYPE html><html lang="en"><head><title>harbour.Boat — Harbour v1.4.0 Manual</title><meta property="og:site_name" content="Harbour v1.4.0 Manual"/></head>
<body data-bs-spy="scroll"><div id="pst-skip-link" class="skip-link d-print-none"><a href="#main-content">Skip to main content</a></div>
<button type="button" class="btn" id="pst-back-to-top">Back to top</button>
<dialog id="pst-search-dialog"><form class="bd-search" action="../search.html"><input type="search" name="q"></form></dialog>
<div class="pst-async-banner-revealer d-none"><aside id="bd-header-version-warning" class="d-none d-print-none" aria-label="Version warning"></aside></div>
<header class="bd-header navbar"><div class="navbar-brand"><p class="title logo__title">Harbour</p></div></header>
<div class="bd-container"><div class="bd-container__inner bd-page-width">
<dialog id="pst-primary-sidebar-modal"></dialog><div id="pst-primary-sidebar" class="bd-sidebar-primary bd-sidebar"><p class="bd-links__title">Section Navigation</p><ul><li><a href="x.html">harbour.Quay</a></li></ul></div>
<main id="main-content" class="bd-main" role="main"><div class="bd-content"><div class="bd-article-container">
<div class="bd-header-article d-print-none"><nav aria-label="Breadcrumb"><ul class="bd-breadcrumbs"><li><a href="index.html">Home</a></li></ul></nav></div>
<div id="searchbox"></div><article class="bd-article"><section id="harbour-boat"><h1>harbour.Boat<a class="headerlink" href="#harbour-boat" title="Link to this heading">#</a></h1>
<dl class="py class"><dt class="sig sig-object py" id="harbour.Boat"><em class="property"><span class="pre">class</span> </em><span class="sig-name"><span class="pre">Boat</span></span><span class="sig-paren">(</span><em><span class="pre">name</span></em><span class="sig-paren">)</span><a class="reference internal" href="../_modules/harbour.html#Boat"><span class="viewcode-link"><span class="pre">[source]</span></span></a><a class="headerlink" href="#harbour.Boat" title="Link to this definition">#</a></dt>
<dd><p>A boat at the quay.</p><dl class="field-list simple"><dt class="field-odd">Parameters<span class="colon">:</span></dt><dd class="field-odd"><dl class="simple"><dt><strong>name</strong><span class="classifier">str</span></dt><dd><p>What it is called.</p></dd></dl></dd></dl></dd></dl>
</section></article><footer class="prev-next-footer d-print-none"><div class="prev-next-area"><a class="left-prev" href="p.html"><div><p class="prev-next-subtitle">previous</p><p class="prev-next-title">harbour.Anchor</p></div></a></div></footer></div>
<dialog id="pst-secondary-sidebar-modal"></dialog><div id="pst-secondary-sidebar" class="bd-sidebar-secondary bd-toc"><div class="page-toc tocsection onthispage">On this page</div></div></div></main></div></div>
<footer class="bd-footer"><p class="copyright">© Copyright 2024, Harbour.</p></footer></body></html>`,
		"harbour.Boat", "class Boat(name)\n\nA boat at the quay.\nParameters:\nnamestr\nWhat it is called."},

	{"MkDocs Material", `<!doctype html><html lang="en" class="no-js"><head><meta charset="utf-8"><link rel="canonical" href="https://harbour.example.org/fuel/"><title>Fuel - Harbour Guide</title></head>
<body dir="ltr"><input class="md-toggle" data-md-toggle="drawer" type="checkbox" id="__drawer"><label class="md-overlay" for="__drawer"></label>
<div data-md-component="skip"><a href="#fuel" class="md-skip">Skip to content</a></div><div data-md-component="announce"><aside class="md-banner"><div class="md-banner__inner">Version 9 is out!</div></aside></div>
<header class="md-header" data-md-component="header"><nav class="md-header__inner md-grid"><a href=".." title="Harbour Guide" class="md-header__button md-logo"></a><div class="md-header__title"><span class="md-ellipsis">Harbour Guide</span></div></nav></header>
<div class="md-container"><main class="md-main" data-md-component="main"><div class="md-main__inner md-grid">
<div class="md-sidebar md-sidebar--primary"><nav class="md-nav md-nav--primary"><ul class="md-nav__list"><li><a href="..">Home</a></li></ul></nav></div>
<div class="md-sidebar md-sidebar--secondary"><nav class="md-nav md-nav--secondary" aria-label="Table of contents"><label class="md-nav__title" for="__toc">Table of contents</label><ul><li><a href="#diesel">Diesel</a></li></ul></nav></div>
<div class="md-content" data-md-component="content"><article class="md-content__inner md-typeset"><a href="https://github.com/x/edit/main/docs/fuel.md" title="Edit this page" class="md-content__button md-icon"><svg></svg></a>
<h1 id="fuel">Fuel<a class="headerlink" href="#fuel" title="Permanent link">&para;</a></h1>
<details class="note"><summary>Who may fill up?</summary><p>Members only.</p></details>
<h2 id="diesel">Diesel<a class="headerlink" href="#diesel" title="Permanent link">&para;</a></h2>
<div class="tabbed-set tabbed-alternate" data-tabs="1:2"><input checked="checked" id="__tabbed_1_1" name="__tabbed_1" type="radio"/><input id="__tabbed_1_2" name="__tabbed_1" type="radio"/><div class="tabbed-labels"><label for="__tabbed_1_1">Summer</label><label for="__tabbed_1_2">Winter</label></div>
<div class="tabbed-content"><div class="tabbed-block"><p>Until ten.</p></div><div class="tabbed-block"><p>Until six.</p></div></div></div>
<div class="language-python highlight"><table class="highlighttable"><tr><td class="linenos"><div class="linenodiv"><pre><span></span><span class="normal"><a href="#__codelineno-0-1">1</a></span>
<span class="normal"><a href="#__codelineno-0-2">2</a></span></pre></div></td><td class="code"><div><pre><span></span><code><a id="__codelineno-0-1" name="__codelineno-0-1"></a><span class="k">if</span> <span class="n">tank</span><span class="p">:</span>
<a id="__codelineno-0-2" name="__codelineno-0-2"></a>    <span class="n">fill</span><span class="p">()</span>
</code></pre></div></td></tr></table></div>
<aside class="md-source-file"><span class="md-source-file__fact"><span class="git-revision-date">January 1, 2024</span></span></aside>
<form class="md-feedback" name="feedback" hidden><fieldset><legend class="md-feedback__title">Was this page helpful?</legend></fieldset></form></article></div></div></main>
<footer class="md-footer"><nav class="md-footer__inner"><a href="../a/">Previous Arriving</a></nav><div class="md-footer-meta">Made with Material for MkDocs</div></footer></div></body></html>`,
		"Fuel", "Who may fill up?\n\nMembers only.\n\nDiesel\n\nSummer\n\nUntil ten.\n\nWinter\n\nUntil six.\n\nif tank:\n    fill()"},

	{"Docusaurus with a banner of an old version", `<!doctype html><html><head><title data-rh="true">Fees | Harbour</title><meta data-rh="true" property="og:title" content="Fees | Harbour"></head><body><div id="__docusaurus">
<div class="theme-announcement-bar announcementBar_x" role="banner">Star us!</div><nav class="theme-layout-navbar navbar"><div class="navbar__inner"><a class="navbar__brand" href="/"><b class="navbar__title text--truncate">Harbour</b></a></div></nav>
<div class="main-wrapper"><main class="docMainContainer_TBSr"><div class="container"><div class="theme-doc-version-banner alert alert--warning" role="alert"><div>This is documentation for Harbour <b>1.x</b>, which is no longer actively maintained.</div></div>
<article><div class="tocCollapsible_ETCw theme-doc-toc-mobile tocMobile_ITEo"><button type="button" class="clean-btn tocCollapsibleButton_TO0P">On this page</button></div>
<div class="theme-doc-markdown markdown"><header><h1>Fees</h1></header><p>A night costs 24 euros.</p>
<details class="details_lb9f alert alert--info"><summary>Is there a discount?</summary><div><div class="collapsibleContent_i85q"><p>Members pay 20.</p></div></div></details></div>
<footer class="theme-doc-footer docusaurus-mt-lg"><div class="row"><div class="col"><a href="https://x" class="theme-edit-this-page">Edit this page</a></div><div class="col lastUpdated_JAkA"><span class="theme-last-updated">Last updated on <b>May 1</b></span></div></div></footer></article>
<nav class="pagination-nav docusaurus-mt-lg"><a class="pagination-nav__link pagination-nav__link--prev" href="/a"><div class="pagination-nav__sublabel">Previous</div><div class="pagination-nav__label">Arriving</div></a></nav></div></main></div></div></body></html>`,
		"Fees", "A night costs 24 euros.\n\nIs there a discount?\n\nMembers pay 20."},

	{"Starlight with tabs and anchors", `<!DOCTYPE html><html lang="en"><head><title>Locks | Harbour</title><meta property="og:site_name" content="Harbour"></head><body><a href="#_top">Skip to content</a>
<div class="page"><header class="header"><div><a href="/" class="site-title"><span>Harbour</span></a></div></header><nav class="sidebar" aria-label="Main"></nav><div class="main-frame"><div class="lg:sl-flex"><aside class="right-sidebar-container"><div class="right-sidebar"><starlight-toc><nav><h2>On this page</h2></nav></starlight-toc></div></aside>
<div class="main-pane"><main data-pagefind-body lang="en" dir="ltr"><div class="content-panel"><div class="sl-container"><h1 id="_top">Locks</h1></div></div><div class="content-panel"><div class="sl-container"><div class="sl-markdown-content">
<div class="sl-heading-wrapper level-h2"><h2 id="keys">Keys</h2><a class="sl-anchor-link" href="#keys"><span aria-hidden="true" class="sl-anchor-icon"><svg></svg></span><span class="sr-only">Section titled “Keys”</span></a></div>
<starlight-tabs><div class="tablist-wrapper not-content"><ul role="tablist"><li role="presentation" class="tab"><a role="tab" href="#tab-panel-0" id="tab-0" aria-selected="true">Day</a></li><li role="presentation" class="tab"><a role="tab" href="#tab-panel-1" id="tab-1">Night</a></li></ul></div><div id="tab-panel-0" aria-labelledby="tab-0" role="tabpanel"><p>At the kiosk.</p></div><div id="tab-panel-1" aria-labelledby="tab-1" role="tabpanel" hidden><p>At the bar.</p></div></starlight-tabs>
<div class="expressive-code"><figure class="frame"><figcaption class="header"></figcaption><pre data-language="sh"><code><div class="ec-line"><div class="gutter"><div class="ln" aria-hidden="true">1</div></div><div class="code"><span>open lock</span></div></div><div class="ec-line"><div class="gutter"><div class="ln" aria-hidden="true">2</div></div><div class="code"><span class="indent">  </span><span>--now</span></div></div></code></pre><div class="copy"><button title="Copy to clipboard" data-copied="Copied!"><div></div></button></div></figure></div>
</div><footer class="sl-flex"><div class="meta"><a href="https://x">Edit page</a></div><div class="pagination-links"><a href="/a" rel="prev"><span>Previous<br><span class="link-title">Fees</span></span></a></div></footer></div></div></main></div></div></div></div></body></html>`,
		"Locks", "Keys\n\nDay\n\nAt the kiosk.\n\nNight\n\nAt the bar.\n\nopen lock\n  --now"},

	{"VitePress", `<!DOCTYPE html><html><head><title>Tides | Harbour</title></head><body><div id="app"><div class="Layout"><span tabindex="-1"></span><a href="#VPContent" class="VPSkipLink visually-hidden">Skip to content</a>
<header class="VPNav"><div class="VPNavBar"><a class="title" href="/"><span>Harbour</span></a></div></header><div class="VPLocalNav"><button>Return to top</button></div><aside class="VPSidebar"><nav id="VPSidebarNav"><h2>Guide</h2><a href="/a">Fees</a></nav></aside>
<div class="VPContent has-sidebar" id="VPContent"><div class="VPDoc has-sidebar has-aside"><div class="container"><div class="aside"><div class="aside-container"><div class="aside-content"><div class="VPDocAside"><nav class="VPDocAsideOutline"><div class="content"><div class="outline-title">On this page</div><ul><li><a href="#high-water">High water</a></li></ul></div></nav></div></div></div></div>
<div class="content"><div class="content-container"><main class="main"><div class="vp-doc _guide_tides"><div><h1 id="tides" tabindex="-1">Tides <a class="header-anchor" href="#tides" aria-label="Permalink to &quot;Tides&quot;">​</a></h1><h2 id="high-water" tabindex="-1">High water <a class="header-anchor" href="#high-water">​</a></h2>
<div class="warning custom-block"><p class="custom-block-title">WARNING</p><p>The sill dries.</p></div>
<div class="language-js vp-adaptive-theme line-numbers-mode"><button title="Copy Code" class="copy"></button><span class="lang">js</span><pre class="shiki"><code><span class="line"><span>let h = 3</span></span>
<span class="line"><span>  + 1</span></span></code></pre><div class="line-numbers-wrapper" aria-hidden="true"><span class="line-number">1</span><br><span class="line-number">2</span><br></div></div>
<div class="vp-code-group vp-adaptive-theme"><div class="tabs"><input type="radio" name="g" id="tab-1" checked><label data-title="npm" for="tab-1">npm</label><input type="radio" name="g" id="tab-2"><label for="tab-2">pnpm</label></div><div class="blocks"><div class="language-sh active"><button class="copy"></button><span class="lang">sh</span><pre><code><span class="line">npm i</span></code></pre></div><div class="language-sh"><button class="copy"></button><span class="lang">sh</span><pre><code><span class="line">pnpm i</span></code></pre></div></div></div>
</div></div></main><footer class="VPDocFooter"><div class="edit-info"><a class="edit-link-button">Edit this page</a></div><nav class="prev-next"><a class="pager-link prev" href="/a"><span class="desc">Previous page</span><span class="title">Fees</span></a></nav></footer></div></div></div></div></div></div></div></body></html>`,
		"Tides", "High water\n\nWARNING\n\nThe sill dries.\n\nlet h = 3\n  + 1\n\nnpm\n\nnpm i\n\npnpm\n\npnpm i"},

	{"Hugo with chroma", `<html><head><title>Anchoring :: Harbour</title><meta property="og:site_name" content="Harbour"></head><body><aside id="R-sidebar"><ul><li><a href="/">Home</a></li></ul></aside>
<main id="R-body"><div class="breadcrumb"><a href="/">Harbour</a> &gt; Anchoring</div><article class="default"><h1 id="anchoring">Anchoring</h1><p>Sand holds well.</p><h2 id="chain">Chain<a class="td-heading-self-link" href="#chain" aria-label="Heading self-link"></a></h2>
<div class="highlight"><div class="chroma"><table class="lntable"><tr><td class="lntd"><pre tabindex="0" class="chroma"><code><span class="lnt">1
</span><span class="lnt">2
</span></code></pre></td><td class="lntd"><pre tabindex="0" class="chroma"><code class="language-go"><span class="line"><span class="cl">drop(<span class="mi">5</span>)
</span></span><span class="line"><span class="cl">hold()
</span></span></code></pre></td></tr></table></div></div><footer class="footline">Last modified 2024</footer></article></main></body></html>`,
		"Anchoring", "Sand holds well.\n\nChain\n\ndrop(5)\nhold()"},

	{"Jekyll with rouge, no landmarks", `<html><head><title>Winter storage – Harbour blog</title><meta property="og:title" content="Winter storage"><meta property="og:site_name" content="Harbour blog"></head><body>
<header class="site-header"><a class="site-title" rel="author" href="/">Harbour blog</a><nav class="site-nav"><a href="/about">About</a></nav></header>
<div class="page-content"><div class="wrapper"><h1 class="post-title">Winter storage</h1><p class="post-meta">1 October 2023</p><div class="post-content"><p>Boats come out in October.</p>
<div class="language-ruby highlighter-rouge"><div class="highlight"><pre class="highlight"><code><table class="rouge-table"><tbody><tr><td class="gutter gl"><pre class="lineno">1
2
</pre></td><td class="code"><pre><span class="k">def</span> lift
  crane
</pre></td></tr></tbody></table></code></pre></div></div></div></div></div>
<footer class="site-footer"><p>Harbour blog</p></footer></body></html>`,
		"Winter storage", "1 October 2023\n\nBoats come out in October.\n\ndef lift\n  crane"},

	{"mdBook", `<!DOCTYPE HTML><html lang="en" class="light sidebar-visible"><head><title>Engines - The Harbour Book</title></head><body><div id="body-container"><nav id="sidebar" class="sidebar"><ol class="chapter"><li><a href="a.html">Fees</a></li></ol></nav>
<div id="page-wrapper" class="page-wrapper"><div class="page"><div id="menu-bar" class="menu-bar sticky"><div class="left-buttons"><button id="sidebar-toggle">≡</button></div><h1 class="menu-title">The Harbour Book</h1></div>
<div id="search-wrapper" class="hidden"><form id="searchbar-outer"><input type="search" id="searchbar"></form></div>
<div id="content" class="content"><main><h1 id="engines"><a class="header" href="#engines">Engines</a></h1><p>Warm them up.</p><h2 id="oil"><a class="header" href="#oil">Oil</a></h2><p>Change it yearly.</p></main>
<nav class="nav-wrapper" aria-label="Page navigation"><a rel="prev" href="a.html" class="mobile-nav-chapters previous">‹</a></nav></div></div></div></div></body></html>`,
		"Engines", "Warm them up.\n\nOil\n\nChange it yearly."},

	{"Wikipedia, saved", `<!DOCTYPE html><html class="client-js vector-feature-language-in-header-enabled"><head><title>Harbour - Wikipedia</title></head><body class="skin-vector-2022 mediawiki ltr"><a class="mw-jump-link" href="#bodyContent">Jump to content</a>
<div class="vector-header-container"><header class="vector-header mw-header"><nav class="vector-main-menu-landmark">Main menu</nav></header></div><div class="mw-page-container"><div class="vector-sitenotice-container"><div id="siteNotice">Donate</div></div>
<div class="vector-column-start"><nav id="mw-panel-toc" class="mw-table-of-contents-container"><h2>Contents</h2></nav></div><div class="mw-content-container"><main id="content" class="mw-body"><header class="mw-body-header"><h1 id="firstHeading" class="firstHeading mw-first-heading"><span class="mw-page-title-main">Harbour</span></h1><div id="p-lang-btn" class="vector-dropdown"><label>60 languages</label><ul><li><a>Deutsch</a></li></ul></div></header>
<div class="vector-page-toolbar"><nav>Article Talk</nav></div><div id="bodyContent" class="vector-body"><div class="vector-body-before-content"><div id="siteSub" class="noprint">From Wikipedia, the free encyclopedia</div></div><div id="mw-content-text" class="mw-body-content"><div class="mw-content-ltr mw-parser-output" lang="en">
<div class="shortdescription nomobile noexcerpt noprint searchaux" style="display:none">Sheltered water</div><table class="infobox"><tbody><tr><th colspan="2" class="infobox-above">Port of Call</th></tr><tr><th>Depth</th><td>12 m</td></tr></tbody></table>
<p>A <b>harbour</b> is sheltered water.<sup id="cite_ref-1" class="reference"><a href="#cite_note-1"><span class="cite-bracket">[</span>1<span class="cite-bracket">]</span></a></sup> Its area is <span class="mwe-math-element"><span class="mwe-math-mathml-inline mwe-math-mathml-a11y" style="display: none;"><math xmlns="http://www.w3.org/1998/Math/MathML" alttext="{\displaystyle a=bc}"><semantics><mi>a</mi><annotation encoding="application/x-tex">{\displaystyle a=bc}</annotation></semantics></math></span><img src="x.svg" class="mwe-math-fallback-image-inline" aria-hidden="true" alt="{\displaystyle a=bc}"></span>.</p>
<div class="mw-heading mw-heading2"><h2 id="Natural">Natural harbours</h2><span class="mw-editsection"><span class="mw-editsection-bracket">[</span><a href="/w/index.php?action=edit">edit</a><span class="mw-editsection-bracket">]</span></span></div><div role="note" class="hatnote navigation-not-searchable">See also: <a href="/wiki/Bay">Bay</a></div>
<ul><li><a href="/wiki/Sydney">Sydney</a></li><li><a href="/wiki/Rio">Rio</a></li><li><a href="/wiki/Cork">Cork</a></li></ul>
<div class="reflist"><ol class="references"><li id="cite_note-1"><span class="mw-cite-backlink"><b><a href="#cite_ref-1">^</a></b></span> <span class="reference-text">Smith, Ports, 1999.</span></li></ol></div>
<div role="navigation" class="navbox"><table><tr><td><a>Ports of the world</a></td></tr></table></div></div></div><div id="catlinks" class="catlinks"><a>Categories</a></div></div></main></div><div class="mw-footer-container"><footer id="footer" class="mw-footer">Privacy</footer></div></div></body></html>`,
		"Harbour", "Port of Call\nDepth, 12 m\n\nA harbour is sheltered water. Its area is {\\displaystyle a=bc}.\n\nNatural harbours\n\nSee also: Bay\n\nSydney\nRio\nCork\n\nSmith, Ports, 1999."},

	{"ASP.NET, the page in a form", `<html><head><title>Opening hours | Harbour</title></head><body><form name="aspnetForm" method="post" action="hours.aspx" id="aspnetForm"><div class="aspNetHidden"><input type="hidden" name="__VIEWSTATE" value="x"></div>
<div id="header"><ul class="menu"><li><a href="/">Home</a></li><li><a href="/b">Berths</a></li><li><a href="/c">Contact</a></li></ul></div>
<div id="ctl00_main"><p>The office opens at seven and closes at nine in the evening.</p><table><tr><th>Day</th><th>Hours</th></tr><tr><td>Sunday</td><td>8-12</td></tr></table></div><div id="footer">© Harbour</div></form></body></html>`,
		"Opening hours", "The office opens at seven and closes at nine in the evening.\n\nDay, Hours\nSunday, 8-12"},

	{"WordPress", `<!DOCTYPE html><html lang="en-US"><head><title>Painting the hull &#8211; Harbour News</title><meta property="og:site_name" content="Harbour News"/></head><body class="post-template-default single"><div id="page" class="site"><a class="skip-link screen-reader-text" href="#content">Skip to content</a>
<header id="masthead" class="site-header"><div class="site-branding"><p class="site-title"><a href="/" rel="home">Harbour News</a></p></div><nav id="site-navigation" class="main-navigation"><button class="menu-toggle" aria-controls="primary-menu" aria-expanded="false">Menu</button><div><ul id="primary-menu" class="menu"><li><a>Home</a></li></ul></div></nav></header>
<div id="content" class="site-content"><div id="primary" class="content-area"><main id="main" class="site-main"><article id="post-1" class="post-1 post hentry"><header class="entry-header"><h1 class="entry-title">Painting the hull</h1></header><div class="entry-content"><p>Two coats are enough.</p>
<div class="wp-block-group faq"><h3><button type="button" class="accordion-trigger" aria-expanded="false" aria-controls="sect1">Which paint?</button></h3><div id="sect1" role="region" hidden><p>Red lead, never.</p></div></div>
<div class="sharedaddy sd-sharing-enabled"><h3 class="sd-title">Share this:</h3><ul><li><a>Facebook</a></li></ul></div><div id="jp-relatedposts" class="jp-relatedposts"><h3>Related</h3></div></div></article>
<nav class="navigation post-navigation"><a href="/x" rel="prev">Varnish</a></nav><div id="respond" class="comment-respond"><h3>Leave a Reply</h3><form><p>Your email address will not be published.</p><textarea></textarea></form></div></main></div><aside id="secondary" class="widget-area"><section class="widget"><h2>Recent Posts</h2></section></aside></div>
<div id="cookie-law-info-bar"><span>This website uses cookies to improve your experience. <a role="button" class="button">Accept</a></span></div></div></body></html>`,
		"Painting the hull", "Two coats are enough.\n\nWhich paint?\n\nRed lead, never."},

	{"an FAQ whose questions are buttons", `<html><head><title>FAQ</title></head><body><div id="cookie-consent"><p>We use cookies.</p><button>Accept all</button></div><h1>Questions</h1>
<button class="accordion">Where do I park?</button><div class="panel" style="display:none"><p>Behind the shed.</p></div>
<button class="accordion">May I fish</button><div class="panel" style="display:none"><p>Not from the quay.</p></div>
<div class="accordion-item"><h2 class="accordion-header"><button class="accordion-button collapsed" type="button" data-bs-toggle="collapse" data-bs-target="#c1" aria-expanded="false" aria-controls="c1">Is there wifi?</button></h2><div id="c1" class="accordion-collapse collapse"><div class="accordion-body">Yes, for guests.</div></div></div>
<dl><dt>Can I camp?</dt><dd style="display: none">No.</dd></dl><h3>When do the showers close?</h3><div style="display:none">At eleven.</div><p hidden>never seen</p><button>Subscribe</button></body></html>`,
		"FAQ", "Questions\n\nWhere do I park?\n\nBehind the shed.\n\nMay I fish\n\nNot from the quay.\n\nIs there wifi?\n\nYes, for guests.\n\nCan I camp?\nNo.\n\nWhen do the showers close?\n\nAt eleven."},

	{"Confluence, exported", `<!DOCTYPE html><html><head><title>Harbour : Crane rules</title><meta http-equiv="Content-Type" content="text/html; charset=UTF-8"></head><body class="theme-default aui-theme-default"><div id="page"><div id="main" class="aui-page-panel"><div id="main-header"><div id="breadcrumb-section"><ol id="breadcrumbs"><li class="first"><span><a href="index.html">Harbour</a></span></li><li><span><a href="r.html">Rules</a></span></li></ol></div><h1 id="title-heading" class="pagetitle"><span id="title-text"> Harbour : Crane rules </span></h1></div>
<div id="content" class="view"><div class="page-metadata"> Created by <span class="author"> Kim</span>, last modified on May 2, 2023 </div><div id="main-content" class="wiki-content group"><p>The crane lifts twelve tonnes.</p><div class="toc-macro rbtoc1"><ul class="toc-indentation"><li><a href="#w">Wind</a></li><li><a href="#n">Night</a></li></ul></div><h2 id="w">Wind</h2><p>Not above force six.</p><h2 id="n">Night</h2><p>Never.</p></div>
<div class="pageSection group"><div class="pageSectionHeader"><h2 id="attachments" class="pageSectionTitle">Attachments:</h2></div><div class="greybox" align="left"><a href="a.png">crane.png</a> (image/png)</div></div></div></div><div id="footer" role="contentinfo"><section class="footer-body"><p>Document generated by Confluence on May 3, 2023</p></section></div></div></body></html>`,
		"Crane rules", "The crane lifts twelve tonnes.\n\nWind\n\nNot above force six.\n\nNight\n\nNever."},

	{"a man page of mandoc", `<!DOCTYPE html><html><head><title>MOOR(1)</title></head><body><div class="head" role="doc-pageheader"><span class="head-ltitle">MOOR(1)</span> <span class="head-vol">General Commands Manual</span></div>
<main class="manual-text"><section class="Sh"><h2 class="Sh" id="NAME"><a class="permalink" href="#NAME">NAME</a></h2><p class="Pp"><code class="Nm">moor</code> — <span class="Nd">tie up a boat</span></p></section>
<section class="Sh"><h2 class="Sh" id="OPTIONS"><a class="permalink" href="#OPTIONS">OPTIONS</a></h2><dl class="Bl-tag"><dt id="f"><a class="permalink" href="#f"><code class="Fl">-f</code></a></dt><dd>Use four lines.</dd></dl></section></main></body></html>`,
		"MOOR(1)", "NAME\n\nmoor — tie up a boat\n\nOPTIONS\n\n-f\nUse four lines."},

	{"javadoc", `<!DOCTYPE HTML><html lang="en"><head><title>Boat (Harbour 1.2 API)</title><meta name="generator" content="javadoc/ClassWriterImpl"></head><body class="class-declaration-page"><div class="flex-box"><header role="banner" class="flex-header"><nav role="navigation"><div class="top-nav" id="navbar-top"><ul class="nav-list"><li><a href="../index.html">Overview</a></li></ul></div></nav></header>
<div class="flex-content"><main role="main"><div class="header"><div class="sub-title"><span class="package-label-in-type">Package</span>&nbsp;<a href="p.html">org.harbour</a></div><h1 title="Class Boat" class="title">Class Boat</h1></div>
<section class="class-description" id="class-description"><div class="block">A boat.</div></section><section class="summary"><ul class="summary-list"><li><section class="method-summary" id="method-summary"><h2>Method Summary</h2><div id="method-summary-table"><div class="table-tabs" role="tablist"><button id="t0" role="tab" aria-selected="true" aria-controls="mst" class="active-table-tab">All Methods</button><button id="t1" role="tab" aria-controls="mst" class="table-tab">Instance Methods</button></div>
<div id="mst" role="tabpanel"><div class="summary-table three-column-summary"><div class="table-header col-first">Modifier</div><div class="table-header col-last">Description</div><div class="col-first even-row-color"><code>void</code></div><div class="col-last even-row-color"><div class="block">Ties up.</div></div></div></div></div></section></li></ul></section></main><footer role="contentinfo"><hr><p class="legal-copy"><small>Copyright</small></p></footer></div></div></body></html>`,
		"Boat", "Package org.harbour\n\nClass Boat\n\nA boat.\n\nMethod Summary\n\nModifier\nDescription\nvoid\nTies up."},

	{"old tables, no landmarks", `<HTML><HEAD><TITLE>Ferry times</TITLE></HEAD><BODY><TABLE><TR><TD><A HREF="a.htm">Home</A><BR><A HREF="b.htm">News</A><BR><A HREF="c.htm">Links</A><BR><A HREF="d.htm">Guest book</A></TD>
<TD><H1>Ferry times</H1><P>The ferry leaves every hour, from six in the morning on.<P>On Sundays it leaves every two hours.<P>Bicycles are free.</TD></TR></TABLE>
<P><A HREF="a.htm">Home</A> | <A HREF="b.htm">News</A> | <A HREF="c.htm">Links</A></P></BODY></HTML>`,
		"Ferry times", "The ferry leaves every hour, from six in the morning on.\n\nOn Sundays it leaves every two hours.\n\nBicycles are free."},

	{"a first main that is empty, a second one that is not", `<html><head><title>Fuel</title></head><body><main></main><main><p>Diesel until six.</p></main><div>Terms</div></body></html>`,
		"Fuel", "Diesel until six."},

	{"a main that is but a greeting", `<html><head><title>Harbour</title></head><body><main><p>Welcome!</p></main><div><h2>Berths</h2><p>There are forty berths, ten of them for guests who stay no longer than a week.</p></div></body></html>`,
		"Harbour", "Welcome!\n\nBerths\n\nThere are forty berths, ten of them for guests who stay no longer than a week."},

	{"names that do not fit what they hold", `<html><head><title>Sails</title></head><body><div class="sidebar"><h1>Sails</h1><p>A sail lasts ten years if it is kept dry and out of the sun.</p></div><div class="menu"><p>Ask the sailmaker for a cover; it costs less than a sail.</p></div></body></html>`,
		"Sails", "A sail lasts ten years if it is kept dry and out of the sun.\n\nAsk the sailmaker for a cover; it costs less than a sail."},

	{"a page about cookies", `<html><head><title>Cookies</title></head><body><div class="cookie-policy"><p>We keep a cookie for a year.</p><p>Ask us to delete it.</p></div></body></html>`,
		"Cookies", "We keep a cookie for a year.\n\nAsk us to delete it."},

	{"Japanese, with a table of contents", `<html lang="ja"><head><title>係留 | 港</title></head><body><nav>メニュー</nav><main><h1>係留</h1><h2>目次</h2><ul><li><a href="#a">綱</a></li><li><a href="#b">結び</a></li></ul><h2 id="a">綱</h2><p>綱は二本使う。</p><h2 id="b">結び</h2><p>もやい結びがよい。</p></main></body></html>`,
		"係留", "綱\n\n綱は二本使う。\n\n結び\n\nもやい結びがよい。"},

	{"XHTML with empty elements", `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">
<html xmlns="http://www.w3.org/1999/xhtml"><head><title>Buoys</title><script type="text/javascript" src="x.js"/></head><body><a id="top"/><div class="spacer"/><h1>Buoys</h1><p>Red to port.<br/>Green to starboard.</p></body></html>`,
		"Buoys", "Red to port.\n\nGreen to starboard."},

	{"an accordion that is called a list of tabs", `<html><head><title>Work</title></head><body><main><h1>Work</h1><div class="panel-group" id="faq-accordion" role="tablist"><div class="panel"><div class="panel-heading" role="tab" id="h1"><h4><a data-toggle="collapse" href="#c1">Who works here?</a></h4></div><div id="c1" class="panel-collapse collapse" role="tabpanel" aria-labelledby="h1"><p>Three people.</p></div></div>
<div class="panel"><div class="panel-heading" role="tab" id="h2"><h4><a data-toggle="collapse" href="#c2">When?</a></h4></div><div id="c2" class="panel-collapse collapse" role="tabpanel" aria-hidden="true"><p>In summer.</p></div></div></div></main></body></html>`,
		"Work", "Who works here?\n\nThree people.\n\nWhen?\n\nIn summer."},

	{"tabs of Bootstrap", `<html><head><title>Start</title></head><body><main><ul class="nav nav-tabs" role="tablist"><li class="nav-item" role="presentation"><button class="nav-link active" data-bs-toggle="tab" data-bs-target="#lin" type="button" role="tab" aria-controls="lin">Linux</button></li><li class="nav-item"><button class="nav-link" data-bs-toggle="tab" data-bs-target="#mac" type="button" role="tab" aria-controls="mac">macOS</button></li></ul>
<div class="tab-content"><div class="tab-pane active" id="lin" role="tabpanel"><p>Use apt.</p></div><div class="tab-pane" id="mac" role="tabpanel"><p>Use brew.</p></div></div></main></body></html>`,
		"Start", "Linux\n\nUse apt.\n\nmacOS\n\nUse brew."},

	{"sphinx-design and sphinx-tabs", `<html><head><title>Start — Harbour 3 documentation</title></head><body><div role="main"><div class="sd-tab-set docutils"><input checked="checked" id="sd-tab-item-0" name="sd-tab-set-0" type="radio"><label class="sd-tab-label" for="sd-tab-item-0">pip</label><div class="sd-tab-content docutils"><p>Install it.</p></div><input id="sd-tab-item-1" name="sd-tab-set-0" type="radio"><label class="sd-tab-label" for="sd-tab-item-1">conda</label><div class="sd-tab-content docutils"><p>Create it.</p></div></div>
<div class="sphinx-tabs docutils container"><div role="tablist"><button aria-controls="panel-0-0" aria-selected="true" class="sphinx-tabs-tab" id="tab-0-0" role="tab">Bow</button><button aria-controls="panel-0-1" class="sphinx-tabs-tab" id="tab-0-1" role="tab">Stern</button></div><div aria-labelledby="tab-0-0" class="sphinx-tabs-panel" id="panel-0-0" role="tabpanel"><p>One line.</p></div><div aria-labelledby="tab-0-1" class="sphinx-tabs-panel" hidden="true" id="panel-0-1" role="tabpanel"><p>Two lines.</p></div></div></div></body></html>`,
		"Start", "pip\n\nInstall it.\n\nconda\n\nCreate it.\n\nBow\n\nOne line.\n\nStern\n\nTwo lines."},

	{"rustdoc", `<!DOCTYPE html><html lang="en"><head><meta name="generator" content="rustdoc"><title>Boat in harbour - Rust</title></head><body class="rustdoc struct"><nav class="mobile-topbar"><button class="sidebar-menu-toggle"></button></nav><nav class="sidebar"><h2><a href="#">Boat</a></h2></nav><main><div class="width-limiter"><section id="main-content" class="content"><div class="main-heading"><h1>Struct <span class="struct">Boat</span>&nbsp;<button id="copy-path" title="Copy item path to clipboard">Copy item path</button></h1><rustdoc-toolbar></rustdoc-toolbar><span class="sub-heading"><a class="src" href="../src/harbour/lib.rs.html#5">Source</a></span></div>
<details class="toggle top-doc" open><summary class="hideme"><span>Expand description</span></summary><div class="docblock"><p>A boat.</p></div></details><h2 id="fields" class="fields section-header">Fields<a href="#fields" class="anchor">§</a></h2><span id="structfield.name" class="structfield section-header"><a href="#structfield.name" class="anchor field">§</a><code>name: String</code></span></section></div></main></body></html>`,
		"Boat in harbour - Rust", "Struct Boat\n\nA boat.\n\nFields\n\nname: String"},

	{"GitHub's README, saved", `<html><head><title>harbour/README.md at main · kim/harbour · GitHub</title><meta property="og:site_name" content="GitHub"></head><body><header class="HeaderMktg" role="banner"><nav>Product</nav></header><main id="js-repo-pjax-container"><article class="markdown-body entry-content" itemprop="text"><div class="markdown-heading"><h1 class="heading-element">Harbour</h1><a id="user-content-harbour" class="anchor" aria-label="Permalink: Harbour" href="#harbour"><svg></svg></a></div><p>It moors.</p><div class="highlight highlight-source-shell notranslate"><pre>moor --now</pre><div class="zeroclipboard-container"><clipboard-copy aria-label="Copy" value="moor"><svg></svg></clipboard-copy></div></div><p><g-emoji class="g-emoji">⚓</g-emoji> Anchors too.</p></article></main><footer class="footer">© GitHub</footer></body></html>`,
		"Harbour", "It moors.\n\nmoor --now\n\n⚓ Anchors too."},

	{"a definition list and a table with a caption", `<html><head><title>Terms</title></head><body><h1>Terms</h1><dl><dt>Bow</dt><dd>The front.</dd><dt>Stern</dt><dd><p>The back.</p><p>Where the rudder is.</p></dd></dl><table><caption>Sizes</caption><thead><tr><th>Berth</th><th>Length</th></tr></thead><tbody><tr><td>A</td><td>8 m<br>or less</td></tr><tr><td>B</td><td><ul><li>10 m</li><li>12 m</li></ul></td></tr></tbody></table></body></html>`,
		"Terms", "Bow\nThe front.\nStern\nThe back.\nWhere the rudder is.\n\nSizes\n\nBerth, Length\nA, 8 m or less\nB, 10 m 12 m"},

	{"code with the numbers of its lines", `<html><head><title>Code</title></head><body><main><pre><code><span class="linenos">1</span>a = 1
<span class="linenos">2</span>if a:
<span class="linenos">3</span>    b()
</code></pre><table class="highlight"><tr><td class="blob-num" data-line-number="1">1</td><td class="blob-code">x</td></tr></table><pre><code class="hljs"><table class="hljs-ln"><tbody><tr><td class="hljs-ln-line hljs-ln-numbers" data-line-number="1"><div class="hljs-ln-n">1</div></td><td class="hljs-ln-line hljs-ln-code">for {</td></tr><tr><td class="hljs-ln-line hljs-ln-numbers"><div>2</div></td><td class="hljs-ln-code">  go</td></tr></tbody></table></code></pre><p>In line <span class="ln">7</span>b.</p></main></body></html>`,
		"Code", "a = 1\nif a:\n    b()\n\nx\n\nfor {\n  go\n\nIn line b."},

	{"Spanish, with a form of search around nothing", `<html lang="es"><head><title>Amarres | Puerto</title></head><body><header class="cabecera"><form action="/buscar"><label>Buscar <input name="q"></label><button>Ir</button></form><nav>Inicio</nav></header><div id="contenido"><h1>Amarres</h1><p>Hay cuarenta amarres.</p><div class="aviso"><p>El muelle está mojado.</p></div></div><footer>Aviso legal</footer></body></html>`,
		"Amarres", "Hay cuarenta amarres.\n\nEl muelle está mojado."},

	{"furniture without names", `<html><head><title>Ropes</title></head><body><main><p><a href="/">Home</a> &gt; <a href="/docs">Docs</a> &gt; Ropes</p><div class="admonition warning"><p class="admonition-title">Warning</p><p>You are not reading the most recent version of this documentation. <a href="/en/latest/">2.0</a> is the latest version available.</p></div>
<h1>Ropes</h1><p>You are reading the tide gauge: the latest version is at the quay.</p><table><tr><td><pre>9
10</pre></td><td><pre>tie(a)
  tie(b)</pre></td></tr></table><p>Home / away: see <a href="/x">berths</a>.</p><div><a href="https://x">✏️ Edit this page on GitHub.</a></div><div><a class="prev" href="a.html">Previous: Fees</a><a class="next" href="b.html">Next: Fuel</a></div><p><a href="#more">Show more</a></p><div id="more" hidden><p>Nylon stretches.</p></div></main></body></html>`,
		"Ropes", "You are reading the tide gauge: the latest version is at the quay.\n\ntie(a)\n  tie(b)\n\nHome / away: see berths.\n\nShow more\n\nNylon stretches."},

	{"words that look like tools, in sentences", `<html><head><title>Log</title></head><body><main><p>Press <a href="/next">next</a> to go on, or <a href="/search">search</a> the log.</p><p><a href="/edit">Edit this page</a></p><p>Item <a href="#x">#</a>5 costs 3 €.</p><p id="x">Ask <button type="button">Why?</button></p></main></body></html>`,
		"Log", "Press next to go on, or search the log.\n\nItem 5 costs 3 €.\n\nAsk\n\nWhy?"},
}

func TestPagesGiveTheirTextAndNothingAroundIt(t *testing.T) {
	for _, c := range pages {
		docs, notes := Read("page.html", []byte(c.page), Options{})
		for _, n := range notes {
			t.Errorf("%s: %v", c.kind, n)
		}
		if len(docs) != 1 {
			t.Errorf("%s: %d documents", c.kind, len(docs))
			continue
		}
		if docs[0].Title != c.title {
			t.Errorf("%s: title %q, want %q", c.kind, docs[0].Title, c.title)
		}
		if docs[0].Text != c.text {
			t.Errorf("%s:\ngot  %q\nwant %q", c.kind, docs[0].Text, c.text)
		}
	}
}

func TestPagesThatNobodyReadsAreLeftOut(t *testing.T) {
	for page, want := range map[string]string{
		`<title>404 | Harbour</title><h1>404</h1><p>Nothing here.`:                                                                                     "not found",
		`<title>Harbour</title><main><h1>Page Not Found</h1><p>Go <a href="/">home</a>.</main>`:                                                        "not found",
		`<title>Redirecting&hellip;</title><meta http-equiv="refresh" content="0;url='https://harbour.example.org/new'"><a href="/new">Click here</a>`: "only leads on, to https://harbour.example.org/new",
		`<title>Redirecting</title><script>location.href="../new/";</script><p>Redirecting...`:                                                         "only leads on",
		`<title>Index — Harbour 1.2 documentation</title><div role=main><h1 id="index">Index</h1><div class="genindex-jumpbox"><a href="#A"><strong>A</strong></a></div><table class="indextable genindextable"><tr><td>anchor</table></div>`: "an index",
		`<title>Index (Harbour API)</title><meta name="generator" content="javadoc/IndexWriter"><main><h1>Index</h1><dl><dt>Boat<dd>Class</dl></main>`:                                                                                        "an index",
		`<title>Search — Harbour 1.2 documentation</title><div role=main><h1>Search</h1><p>Searching for multiple words only shows matches that contain all words.</p><form><input name=q></form><div id="search-results"></div></div>`:       "search on",
	} {
		docs, notes := Read("x.html", []byte(page), Options{})
		if len(docs) != 0 || len(notes) != 1 || !strings.Contains(notes[0].Why, want) {
			t.Errorf("%s: %d documents, %v; want a note of %q", page, len(docs), notes, want)
		}
	}
	for _, page := range []string{
		`<title>Error 404</title><h1>What a 404 means</h1><p>` + strings.Repeat("A server that has no such page says 404. ", 20),
		`<title>Clock</title><meta http-equiv="refresh" content="300; url=clock.html"><p>It is noon.`,
		`<title>Search and rescue</title><h1>Search and rescue</h1><p>Call channel 16.`,
		`<title>The index of prices</title><p>It rose by two per cent.`,
	} {
		if docs, notes := Read("x.html", []byte(page), Options{}); len(docs) != 1 || len(notes) != 0 {
			t.Errorf("%s: %d documents, %v", page, len(docs), notes)
		}
	}
}

func TestTitlesLoseTheNameOfTheSite(t *testing.T) {
	for head, want := range map[string]string{
		`<title>Ropes — Harbour 1.2 documentation</title>`:                                                        "Ropes",
		`<title>Ropes | Harbour</title>`:                                                                          "Ropes",
		`<title>Ropes - Wikipedia</title>`:                                                                        "Ropes",
		`<title>Ropes · Harbour Docs</title>`:                                                                     "Ropes",
		`<title>Boat (Harbour 1.2 API)</title>`:                                                                   "Boat",
		`<title>Ropes - care and use</title>`:                                                                     "Ropes - care and use",
		`<title>Harbour</title><meta property="og:title" content="Ropes">`:                                        "Harbour",
		`<title>Ropes and knots - Harbour Ltd</title><meta property="og:title" content="Ropes and knots">`:        "Ropes and knots",
		`<title>Harbour: Ropes</title><meta property="og:site_name" content="Harbour">`:                           "Ropes",
		`<title>Harbour</title><meta property="og:site_name" content="Harbour"><h1>Ropes</h1>`:                    "Ropes",
		`<title>Untitled Document</title><h1>Ropes</h1>`:                                                          "Ropes",
		`<title>Go tools | Harbour</title><h1>Go</h1>`:                                                            "Go",
		`<title>Google tools</title><h1>Go</h1>`:                                                                  "Google tools",
		`<title>Ro&shy;pes &ndash; Harbour</title><meta property="og:site_name" content="Harbour"><h1>Ropes</h1>`: "Ropes",
	} {
		docs := read(t, "a.html", head+"<p>Polyester.", Options{})
		if docs[0].Title != want {
			t.Errorf("%s: %q, want %q", head, docs[0].Title, want)
		}
	}
}

func TestNestingTooDeepForTheParserCostsTheStructureAlone(t *testing.T) {
	docs := read(t, "a.html", "<title>Deep</title><script>no</script>"+strings.Repeat("<div>", 600)+"<p>Still &amp; here.</p>", Options{})
	same(t, docs, []Document{{ID: "a.html", Title: "Deep", Text: "Still & here."}})
}

func TestAPageWhoseNamesSpeakAgainstItIsReadAndThatIsSaid(t *testing.T) {
	docs, notes := Read("a.html", []byte(`<title>Rules</title><div class="navbar"><p>The speed limit is three knots.</div><div class="modal"><p>No anchor in the fairway.</div><div class="search"><p>Dogs on a lead.</div>`), Options{})
	if len(docs) != 1 || docs[0].Text != "The speed limit is three knots.\n\nNo anchor in the fairway.\n\nDogs on a lead." {
		t.Errorf("%+v", docs)
	}
	if len(notes) != 1 || !notes[0].Kept || !strings.Contains(notes[0].Why, "all of them were read") {
		t.Errorf("%v", notes)
	}
}

func TestDeclaredCharsetsAreHonoured(t *testing.T) {
	for page, want := range map[string]string{
		"<meta charset=\"iso-8859-15\"><p>24 \xa4":                                                               "24 €",
		"<meta http-equiv=Content-Type content='text/html; charset=windows-1251'><p>\xcf\xee\xf0\xf2":            "Порт",
		"<?xml version=\"1.0\" encoding=\"ISO-8859-2\"?><html><body><p>\xb3\xf3d\xbc</p></body></html>":          "łódź",
		"<!-- charset=koi8-r --><script charset=\"koi8-r\"></script><meta charset=shift_jis><p>\x8d\x60\x8e\x96": "港事",
		"<meta charset=euc-jp><p>\xb9\xc1":                                                                       "港",
		"<meta charset=gb2312><p>\xb8\xdb\xbf\xda":                                                               "港口",
		"<meta charset=utf-8><p>caf\u00e9":                                                                       "café",
		"<meta charset=iso-8859-1><p>caf\u00e9 UTF-8 all the same":                                               "café UTF-8 all the same",
	} {
		docs, _ := Read("a.html", []byte(page), Options{})
		if len(docs) != 1 || docs[0].Text != want {
			t.Errorf("%q: %+v", page, docs)
		}
	}
}

func TestNoticesOfOtherVersionsAreNoText(t *testing.T) {
	for notice, gone := range map[string]bool{
		`This is documentation for Harbour <b>1.x</b>, which is no longer actively maintained. See <a href="/">the latest version</a> (2.x).`: true,
		`This is unreleased documentation for <a href="/">Harbour</a> Next version.`:                                                          true,
		`You're reading an older version of the docs. <a href="/latest">Go to the latest</a>.`:                                                true,
		`Note: You are viewing documentation for version 1.0, which is <a href="/x">outdated</a>.`:                                            true,
		`A newer version of this page <a href="/x">is available</a>.`:                                                                         true,
		`This is the latest boat, see <a href="/x">its picture</a>.`:                                                                          false,
		`You are reading a <a href="/x">chart</a> of the harbour.`:                                                                            false,
		`This version of the rope is old and its <a href="/x">strands</a> part.`:                                                              false,
		`Version 2 of the <a href="/x">documentation</a> describes the latest crane.`:                                                         false,
	} {
		docs := read(t, "a.html", "<title>T</title><main><div>"+notice+"</div><p>The text itself.</main>", Options{})
		if got := docs[0].Text == "The text itself."; got != gone {
			t.Errorf("%s: %q", notice, docs[0].Text)
		}
	}
}

func TestPassagesOfAReferenceSayWhatTheyDescribe(t *testing.T) {
	page := `<title>harbour — Harbour 1 documentation</title><link rel=canonical href=https://x.org/h.html><div role=main><section id=h><h1>harbour</h1><p>` + sentences(9, 10) + `</p>
<dl class="py class"><dt class="sig sig-object py" id="harbour.Boat">class Boat(name)<a class=headerlink href="#harbour.Boat">¶</a></dt><dd><p>` + sentences(9, 10) + `</p>
<dl class="py method"><dt class="sig sig-object py" id="harbour.Boat.moor">moor(lines)</dt><dd><p>` + sentences(9, 10) + `</p></dd></dl></dd></dl></section></div>`
	docs := read(t, "a.html", page, Options{})
	var got []string
	for _, p := range checkCut(t, docs[0], 100) {
		got = append(got, p.Title+" "+p.URL)
	}
	same(t, got, []string{"harbour https://x.org/h.html", "harbour > class Boat(name) https://x.org/h.html#harbour.Boat", "harbour > class Boat(name) > moor(lines) https://x.org/h.html#harbour.Boat.moor"})
}

func TestPassagesOfAnFAQSayWhichQuestionTheyAnswer(t *testing.T) {
	page := `<title>FAQ</title><main><h1>FAQ</h1><details><summary>May I camp?</summary><p>` + sentences(9, 10) + `</details><details><summary>May I fish?</summary><p>` + sentences(9, 10) + `</details></main>`
	docs := read(t, "a.html", page, Options{})
	var got []string
	for _, p := range checkCut(t, docs[0], 100) {
		got = append(got, p.Title)
	}
	same(t, got, []string{"FAQ > May I camp?", "FAQ > May I fish?"})
}

// Pages as site generators and word processors wrote them in which something foreign stood
// in the text, or words ran together.
func TestKindsOfPages(t *testing.T) {
	for name, c := range map[string]struct{ src, want string }{
		"GitBook's search": {`<div role="main"><div id="book-search-results"><div class="search-noresults"><h1>Keys</h1><p>Ask at the kiosk.</p></div><div class="search-results"><div class="has-results"><h1 class="search-results-title">results matching ""</h1></div><div class="no-results"><h1>No results matching ""</h1></div></div></div></div>`,
			"Keys\n\nAsk at the kiosk."},
		"Docsy": {`<main role="main"><div class="td-content"><h1>Pumps</h1><header class="article-meta"><p class="reading-time">2 minute read</p></header><p>Press green.</p><h2 class="feedback--title">Feedback</h2><p class="feedback--question">Was this page helpful?</p><div class="td-page-meta__lastmod">Last modified May 1</div></div></main>`,
			"Pumps\n\nPress green."},
		"code in rows": {`<table class="js-file-line-container"><tr><td class="blob-num" data-line-number="1"></td><td class="blob-code">if a:</td></tr><tr><td class="blob-num">2</td><td class="blob-code">    b()</td></tr></table><p>End.</p>`,
			"if a:\n    b()\n\nEnd."},
		"Material's notes to code": {"<pre><code>a()  # (1)!\n  b() // (22)!\nc (3)\n</code></pre>", "a()\n  b()\nc (3)"},
		"raised figures":           {`<p>10<sup>3</sup> m<sup>2</sup>, the 2<sup>nd</sup>, 10<sup>−6</sup> and 1<sup>1</sup>/<sub>2</sub></p><ul><li>2<sup>10</sup></li></ul><table><tr><td>10<sup>9</sup></td><td>x</td></tr></table>`, "10^3 m2, the 2nd, 10^−6 and 1 1/2\n\n2^10\n\n10^9, x"},
		"Word's list marks":        {`<p class=MsoListParagraph><![if !supportLists]><span><span style='mso-list:Ignore'>·<span>&nbsp;&nbsp;</span></span></span><![endif]>Keep right.</p>`, "Keep right."},
		"a table that lays out":    {`<table><tr><td><a href=a>Home</a><br><a href=b>News</a><br><a href=c>Links</a></td><td><b>Crane rental</b><p>Rent it by the hour.<ul><li>Small boats<li>Large boats</ul></td></tr></table>`, "Crane rental\n\nRent it by the hour.\n\nSmall boats\nLarge boats"},
		"blocks in a cell":         {`<table><tr><td>Crane<p>Lifts.<div>Boats</div></td><td>Kiosk<ul><li>ice</ul></td></tr></table>`, "Crane Lifts. Boats, Kiosk ice"},
		"consent":                  {`<div id="onetrust-consent-sdk"><h2>Your privacy</h2><p>We value your privacy, and say so at greater length than the page has.</p></div><p>Ice is sold in bags.</p>`, "Ice is sold in bags."},
		"a wiki's notices":         {`<div id="mw-content-text"><p>A tower.</p><table class="ambox metadata"><tr><td>This section needs expansion.</td></tr></table></div>`, "A tower."},
		"a blog's comments":        {`<main><article><p>The hall opens.</p></article><ol><li><p>Is there power?</p><div class="reply"><a class="comment-reply-link" href="#">Reply</a></div></li></ol></main>`, "The hall opens.\n\nIs there power?"},
		"a tree of files":          {`<ul><li><details open><summary><span class="tree-entry"><span>quay<span class="sr-only">Directory</span></span></span></summary><ul><li>berth.md</li></ul></details></li></ul>`, "quay\nberth.md"},
	} {
		docs, _ := Read("a.html", []byte("<html><head><title>T</title></head><body>"+c.src+"</body></html>"), Options{})
		if len(docs) != 1 || docs[0].Text != c.want {
			t.Errorf("%s:\ngot  %+v\nwant %q", name, docs, c.want)
		}
	}
}
