// Preloaded into the Node processes of an app under verification: when the trigger file appears, the PostHog clients
// that the app's own code made are looked up and the ones that send to our sink are asked to send one event. A process
// that ends before leaves a note of what was not sent.
'use strict'

const trigger = process.env.POSTHOG_WIZARD_PROBE
const sink = process.env.POSTHOG_WIZARD_SINK

if (trigger && sink) {
  const fs = require('fs')
  const timer = setInterval(() => {
    if (!fs.existsSync(trigger)) return
    clearInterval(timer)
    const found = { clients: [], error: '' }
    answer(fs, found).catch((error) => report(fs, { ...found, error: String(error) }))
  }, 100)
  timer.unref()
  process.on('exit', () => {
    if (fs.existsSync(trigger)) return
    try {
      const clients = liveClients()
      if (clients.length === 0) return
      const found = clients.map((client) => ({ host: client.host, enabled: isEnabled(client) }))
      const pending = clients.reduce((sum, client) => sum + waiting(client), 0)
      report(fs, { clients: found, error: '', pending })
    } catch {
      // whatever the SDK of the app does, the app must not notice us
    }
  })
}

async function answer(fs, found) {
  const clients = liveClients()
  found.clients = clients.map((client) => ({ host: client.host, enabled: isEnabled(client) }))
  report(fs, found)
  for (const client of clients) {
    if (!isEnabled(client) || !`${client.host}/`.startsWith(`${sink}/`)) continue
    client.capture({
      distinctId: 'posthog-wizard',
      event: 'posthog_wizard_verify',
      properties: { $process_person_profile: false },
    })
    // Version 4 queues the event some ticks later, and would flush without it.
    await new Promise((resolve) => setTimeout(resolve, 100))
    await client.flush()
  }
}

function report(fs, value) {
  try {
    const name = `${trigger}.${process.pid}-${require('worker_threads').threadId}.json`
    fs.writeFileSync(`${name}.part`, JSON.stringify(value))
    fs.renameSync(`${name}.part`, name)
  } catch {
    // the verification is over and its directory gone
  }
}

// events that were captured and not sent: queued, or (version 4 and later) not even that yet
function waiting(client) {
  const queue = client.getPersistedProperty('queue')
  const queued = Array.isArray(queue) ? queue.length : 0
  const under = Object.keys(client.promiseQueue?.promiseByIds ?? client.pendingPromises ?? {}).length
  return queued || under
}

function isEnabled(client) {
  return !client.disabled && Boolean(client.projectToken || client.apiKey)
}

// The SDK may be ESM, CJS, bundled, or there twice: no import path leads to all of its copies, the heap does.
function liveClients() {
  const { Session } = require('inspector')
  const { isProxy } = require('util').types
  const key = Symbol.for('posthog-wizard-heap')
  const found = []
  const verdicts = new Map()

  // Only data properties of plain prototypes are read: a getter or a proxy of the app must not run because of us.
  const method = (object, name) => {
    for (let at = object; at !== null && !isProxy(at); at = Object.getPrototypeOf(at)) {
      const property = Object.getOwnPropertyDescriptor(at, name)
      if (property) return typeof property.value === 'function'
    }
    return false
  }
  const looksRight = (prototype) => {
    if (!verdicts.has(prototype)) {
      verdicts.set(prototype, ['getLibraryId', 'capture', 'flush'].every((name) => method(prototype, name)))
    }
    return verdicts.get(prototype)
  }
  const isClient = (object) => {
    if (isProxy(object)) return false
    const prototype = Object.getPrototypeOf(object)
    if (prototype === null || !looksRight(prototype)) return false
    const host = Object.getOwnPropertyDescriptor(object, 'host')
    return Boolean(host) && typeof host.value === 'string' && String(object.getLibraryId()).startsWith('posthog')
  }

  const session = new Session()
  session.connect()
  const post = (name, parameters) => {
    let answered
    session.post(name, parameters, (error, result) => {
      if (error) throw new Error(`${name}: ${error.message}`)
      answered = result
    })
    return answered
  }
  try {
    globalThis[key] = (objects) => {
      for (const object of objects) if (isClient(object)) found.push(object)
    }
    const prototype = post('Runtime.evaluate', { expression: 'Object.prototype' }).result.objectId
    const all = post('Runtime.queryObjects', { prototypeObjectId: prototype }).objects.objectId
    const call = "function () { globalThis[Symbol.for('posthog-wizard-heap')](this) }"
    const outcome = post('Runtime.callFunctionOn', { objectId: all, functionDeclaration: call })
    if (outcome.exceptionDetails) throw new Error(outcome.exceptionDetails.exception?.description)
  } finally {
    delete globalThis[key]
    session.disconnect()
  }
  return found
}
