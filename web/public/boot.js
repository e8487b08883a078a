// Runs before the first paint: colour scheme and the tenant's brand colour, so that nothing flashes.
// A file of its own, not inline, so that a content security policy of script-src 'self' holds.
(function () {
  var root = document.documentElement;
  var asked = new URLSearchParams(location.search).get('scheme');
  var scheme = asked || localStorage.getItem('mantine-color-scheme-value') || 'auto';
  if (scheme !== 'light' && scheme !== 'dark') scheme = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  root.setAttribute('data-mantine-color-scheme', scheme);
  var brand = localStorage.getItem('crossdock-brand');
  if (brand && /^#[0-9a-f]{6}$/i.test(brand)) root.style.setProperty('--brand', brand);
})();
