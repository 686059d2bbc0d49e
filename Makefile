# TSKeeper. `make run` and `make test` need nothing but Node.js >= 20.19, npm and make.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.PHONY: run run-ensemble test check build generate lint types unit interop apps simulate bench clean install

run: build
	node dist/cli/main.js start-foreground

# Three servers on this machine, client ports from PORT=2181 on, until Ctrl-C; SERVERS=5 for more, DIR=… to keep the data.
run-ensemble: build
	node scripts/run-ensemble.mjs

test:
	node scripts/test.mjs

check: install
	node scripts/check.mjs

build: install
	npx tsc -p tsconfig.build.json

install: node_modules/.installed
node_modules/.installed: package.json package-lock.json
	npm ci --no-fund --no-audit
	touch $@

generate: build
	node dist/jute/cli.js --records src/jute/records --out src/jute/generated

lint: install
	npx eslint .

types: install
	npx tsc -p tsconfig.json

unit: install
	npx vitest run --project unit --project long

interop: build
	node scripts/interop.mjs

# Kafka, Dubbo, Curator … on ours and on Java's, as a table. ONLY="curator ensemble" for what has these words (docs/applications.md).
apps: build
	node scripts/apps.mjs

# SEEDS=2000 from the first on, or SEED=7 alone, with everything that happened; JOBS=2 side by side. MUTANTS=1 for servers made wrong.
simulate: install
	node scripts/simulate.mjs

bench: build
	node bench/main.mjs

clean:
	rm -rf dist node_modules .cache coverage
