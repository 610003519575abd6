#!/usr/bin/env node
// Runs the sources without a build: Node strips the types. oclif's own development mode asks for a compiler API that
// TypeScript 7 no longer has, so its transpiling is switched off and its commands are pointed at the sources.
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execute, settings } from '@oclif/core'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const pjson = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'))
pjson.oclif.commands = './src/commands'
pjson.oclif.hooks.command_not_found = './src/cli/command-not-found.ts'
settings.enableAutoTranspile = false
await execute({ development: true, loadOptions: { root, pjson, ignoreManifest: true } })
