import { fileURLToPath } from 'node:url'
import ui from '@nuxt/ui/vite'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

// `npm run dev` serves the sources and passes everything of the API on to a running Mesher.
const server = process.env.MESHER_URL ?? 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [
    vue(),
    ui({
      autoImport: false,
      ui: {
        colors: { primary: 'indigo', neutral: 'zinc' },
        button: {
          slots: { base: 'cursor-pointer' },
          defaultVariants: { size: 'sm' },
          // The text stays readable under the pointer too.
          compoundVariants: [{ color: 'primary', variant: 'solid', class: 'hover:bg-primary/90 active:bg-primary/90' }],
        },
        input: { defaultVariants: { size: 'sm' } },
        select: { defaultVariants: { size: 'sm' } },
      },
      // Icons are part of the bundle: the names that the sources mention, nothing is asked of any other host.
      icon: {
        clientBundle: {
          scan: { globInclude: ['src/**/*.vue', 'src/**/*.ts'], globExclude: ['**/*.d.ts', '**/*.test.ts'] },
          sizeLimitKb: 0,
        },
      },
    }),
  ],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: { target: 'es2022', reportCompressedSize: false, chunkSizeWarningLimit: 900, assetsInlineLimit: 0 },
  server: {
    proxy: {
      '/api': { target: server, ws: true, changeOrigin: true, headers: { Origin: server } },
      '/healthz': server,
      '/readyz': server,
    },
  },
  test: { environment: 'jsdom', include: ['src/**/*.test.ts'] },
})
