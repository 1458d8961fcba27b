import './style/tokens.css'
import './style/base.css'

import { mount } from 'svelte'

import { askEarly } from './api/early'
import App from './App.svelte'
import { watchService } from './state/live.svelte'
import { start } from './state/router.svelte'
import { startTheme } from './state/theme.svelte'

askEarly()
startTheme()
watchService()
start()
const target = document.getElementById('app')
if (target) mount(App, { target })
