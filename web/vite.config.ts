import { defineConfig } from 'vite';
import react from '@vitejs/plugin-react';

// The gateway serves what is built here; the folder is git-ignored and shipped in the wheel.
const gateway = process.env.CROSSDOCK_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react()],
  build: {
    target: 'es2022',
    outDir: '../src/crossdock/gateway/static',
    emptyOutDir: true,
    manifest: true,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 2000, // the layout worker of the graph is 1.4 MB and loads only with a graph
  },
  server: { host: '127.0.0.1', port: 5173, proxy: { '/api': gateway } },
});
