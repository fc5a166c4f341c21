// Makes one file of all that Vite has built, and the C++ table that finds its pieces: pack.mjs DIST OUT
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { extname, join, relative } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const [dist, out] = process.argv.slice(2)
const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
}
const files = readdirSync(dist, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
  .sort()

const pieces = []
let length = 0
function keep(bytes) {
  const piece = `std::string_view(kBytes + ${length}, ${bytes.length})`
  pieces.push(bytes)
  length += bytes.length
  return piece
}

const rows = files.map((file) => {
  const plain = readFileSync(file)
  const path = '/' + relative(dist, file)
  const type = types[extname(file)]
  if (!type) throw new Error(`${path}: no content type is known for it`)
  const etag = createHash('sha256').update(plain).digest('base64url').slice(0, 22)
  const smaller = (bytes) => (bytes.length < plain.length * 0.95 ? keep(bytes) : 'std::string_view()')
  const gzip = gzipSync(plain, { level: 9 })
  const brotli = brotliCompressSync(plain, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length },
  })
  const row = [JSON.stringify(path), JSON.stringify(type), JSON.stringify(`"${etag}"`), path.startsWith('/assets/')]
  return `      {${[...row, keep(plain), smaller(gzip), smaller(brotli)].join(', ')}},`
})

mkdirSync(out, { recursive: true })
const all = Buffer.concat(pieces)
const symbol = 'mesher_dashboard_' + createHash('sha256').update(all).digest('hex').slice(0, 32)
const write = (name, content) => {
  writeFileSync(join(out, name + '.new'), content)
  renameSync(join(out, name + '.new'), join(out, name))
}
write('dashboard_files.bin', all)
write(
  'dashboard_files.cpp',
  `// Made by dashboard/scripts/pack.mjs.
#include "io/site/site.hpp"

// The bytes are taken in as they are; their digest makes this source differ whenever they do, for compiler caches.
extern "C" const char ${symbol}[];
#define kBytes ${symbol}
__asm__(
    ".pushsection .rodata\\n"
    ".global ${symbol}\\n"
    "${symbol}:\\n"
    ".incbin ${JSON.stringify(join(out, 'dashboard_files.bin')).replaceAll('"', '\\"')}\\n"
    ".byte 0\\n"
    ".popsection\\n");

namespace mesher::site {

std::span<const File> dashboard() {
  static const File kFiles[] = {
${rows.join('\n')}
  };
  return kFiles;
}

}  // namespace mesher::site
`,
)
