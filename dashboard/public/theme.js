// Before anything is painted: dark or light, as chosen or as the system has it. The key is VueUse's.
;(function () {
  var choice = 'auto'
  try {
    choice = localStorage.getItem('vueuse-color-scheme') || 'auto'
  } catch {
    // no storage: the system's choice
  }
  var dark = choice === 'dark' || (choice === 'auto' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.classList.toggle('dark', dark)
})()
