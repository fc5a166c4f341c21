import { createApp } from 'vue'
import ui from '@nuxt/ui/vue-plugin'
import { VueQueryPlugin } from '@tanstack/vue-query'
import App from './App.vue'
import { queryClient } from './api/queries'
import { router } from './router'
import './style.css'

createApp(App).use(router).use(ui).use(VueQueryPlugin, { queryClient }).mount('#app')
