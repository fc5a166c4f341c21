/** Events that look as SDKs send them. */
export const hours = (n) => new Date(Date.now() - n * 3_600_000).toISOString()

export function pythonError(more = {}) {
  return {
    platform: 'python',
    level: 'error',
    environment: 'production',
    release: 'shop@1.2.3',
    tags: { region: 'eu-1', team: 'blue' },
    user: { id: '17', email: 'ann@example.com' },
    sdk: { name: 'sentry.python', version: '2.19.0' },
    request: {
      url: 'https://shop.example.com/checkout',
      method: 'POST',
      query_string: [['step', '2']],
      headers: [
        ['User-Agent', 'Mozilla/5.0'],
        ['Content-Type', 'application/json'],
      ],
      data: { cart: ["it's", 3] },
    },
    contexts: { runtime: { name: 'CPython', version: '3.12.1' }, os: { name: 'Linux', version: '6.1' } },
    breadcrumbs: [
      {
        timestamp: Date.now() / 1000 - 4,
        category: 'query',
        type: 'query',
        message: 'SELECT * FROM carts WHERE id = 17',
      },
      {
        timestamp: Date.now() / 1000 - 2,
        category: 'httplib',
        type: 'http',
        level: 'warning',
        data: { method: 'GET', url: 'https://stock.example.com/17', status_code: 503 },
      },
    ],
    exception: {
      values: [
        {
          type: 'ConnectionError',
          value: 'stock.example.com answered 503',
          stacktrace: {
            frames: [
              {
                function: 'get',
                module: 'requests.api',
                filename: 'requests/api.py',
                lineno: 73,
                in_app: false,
                context_line: '    return request("get", url)',
              },
            ],
          },
        },
        {
          type: 'CheckoutError',
          value: 'cart 17 can not be paid',
          mechanism: { type: 'django', handled: false },
          stacktrace: {
            frames: [
              {
                function: 'run',
                module: 'werkzeug.serving',
                filename: 'werkzeug/serving.py',
                lineno: 323,
                in_app: false,
                context_line: '    execute(self.server.app)',
              },
              {
                function: 'dispatch',
                module: 'django.core',
                filename: 'django/core/handlers.py',
                lineno: 181,
                in_app: false,
                context_line: '    response = get_response(request)',
              },
              {
                function: 'checkout',
                module: 'shop.orders',
                filename: 'shop/orders.py',
                lineno: 42,
                in_app: true,
                pre_context: ['def checkout(cart):', '    stock = reserve(cart)'],
                context_line: '    raise CheckoutError(f"cart {cart.id} can not be paid")',
                post_context: ['', 'def reserve(cart):'],
                vars: { cart: { id: 17, items: 3 }, stock: null },
              },
            ],
          },
        },
      ],
    },
    ...more,
  }
}

export const message = (text, more = {}) => ({ message: text, level: 'warning', environment: 'staging', ...more })

const SCRIPT = '<script>window.hacked=1</script><img src=x onerror="window.hacked=1">'

/** Script in every field that is shown. */
export function hostile() {
  const frame = {
    function: SCRIPT,
    module: SCRIPT,
    filename: SCRIPT,
    abs_path: 'javascript:window.hacked=1',
    lineno: 1,
    in_app: true,
    context_line: SCRIPT,
    pre_context: [SCRIPT],
    vars: { [SCRIPT]: SCRIPT },
  }
  return {
    platform: 'javascript',
    level: 'error',
    environment: 'prod"><b>x</b>',
    release: `r@1${'<i>'}`,
    transaction: SCRIPT,
    server_name: SCRIPT,
    tags: { region: SCRIPT, 'x.y': '{{constructor.constructor("window.hacked=1")()}}' },
    user: { id: SCRIPT, email: SCRIPT, username: SCRIPT },
    request: { url: 'javascript:window.hacked=1', method: SCRIPT, headers: { [SCRIPT]: SCRIPT }, data: SCRIPT },
    contexts: { browser: { name: SCRIPT, version: SCRIPT }, [SCRIPT]: { [SCRIPT]: SCRIPT } },
    extra: { [SCRIPT]: SCRIPT },
    breadcrumbs: [{ category: SCRIPT, message: SCRIPT, level: SCRIPT, type: SCRIPT, data: { url: SCRIPT } }],
    exception: { values: [{ type: SCRIPT.slice(0, 100), value: SCRIPT, stacktrace: { frames: [frame] } }] },
  }
}

/** Long in every direction, nearly a megabyte: 500 frames, 5,000 breadcrumbs, a value without a blank. */
export function huge() {
  const frames = Array.from({ length: 500 }, (_, i) => ({
    function: `step_${i}`,
    filename: `deep/level_${i}.py`,
    lineno: i,
    in_app: true,
    context_line: 'x'.repeat(500),
  }))
  return {
    platform: 'python',
    level: 'fatal',
    tags: { build: 'b'.repeat(190) },
    extra: Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`key_${i}`, 'v'.repeat(1500)])),
    breadcrumbs: Array.from({ length: 5000 }, (_, i) => ({
      timestamp: Date.now() / 1000 - i,
      category: 'step',
      message: `crumb ${i} ${'m'.repeat(i < 50 ? 500 : 10)}`,
    })),
    exception: { values: [{ type: 'RecursionError', value: 'W'.repeat(3000), stacktrace: { frames } }] },
  }
}

/** As a bundler leaves it: all source in one line, with the failing place far to the right. */
export function minified() {
  const line = `!function(e,t){"use strict";${'var n=e(t)&&t[r]||{};'.repeat(2500)}throw new TypeError("n is undefined")}();`
  return {
    platform: 'javascript',
    level: 'error',
    exception: {
      values: [
        {
          type: 'TypeError',
          value: 'n is undefined',
          stacktrace: {
            frames: [
              {
                function: 't',
                filename: 'https://shop.example.com/assets/app.4f2a.min.js',
                lineno: 1,
                colno: line.length - 30,
                in_app: true,
                context_line: line,
              },
            ],
          },
        },
      ],
    },
  }
}

export function rightToLeft() {
  return {
    platform: 'python',
    level: 'error',
    tags: { الحالة: 'مرفوض' },
    exception: {
      values: [
        {
          type: 'ValueError',
          value: 'القيمة غير صالحة: שלום (id=17)',
          stacktrace: {
            frames: [
              {
                function: 'دالة',
                filename: 'متجر.py',
                lineno: 5,
                in_app: true,
                context_line: 'raise ValueError("القيمة")',
              },
            ],
          },
        },
      ],
    },
  }
}
