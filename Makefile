# TSKeeper. `make run` and `make test` need nothing but Node.js >= 20.19, npm and make.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.PHONY: run run-ensemble test check build generate lint format types unit interop apps simulate bench clean install

# What the package is built from; a directory is newer when a file in it comes or goes.
SOURCES := tsconfig.json tsconfig.build.json tsconfig.cjs.json scripts/build.mjs $(shell find src -path src/sim -prune -o -print)
# Ctrl-C reaches make and what it runs: a server then ends in order with 130, and make has nothing to complain of.
UNTIL_CTRL_C = trap : INT;

run: dist/cli/main.js
	@$(UNTIL_CTRL_C) node dist/cli/main.js start-foreground || { code=$$?; [ $$code -eq 130 ] || exit $$code; }

# Three servers on this machine, client ports from PORT=2181 on, until Ctrl-C; SERVERS=5 for more, DIR=… to keep the data.
run-ensemble: dist/cli/main.js
	@$(UNTIL_CTRL_C) node scripts/run-ensemble.mjs

test:
	node scripts/test.mjs

check: install
	node scripts/check.mjs

# The commands and the modules for `import`, then the library for `require`. What is newer than its sources is not built again.
build: dist/cli/main.js dist/cjs/package.json
dist/cli/main.js: node_modules/.installed $(SOURCES)
	node scripts/build.mjs esm
dist/cjs/package.json: node_modules/.installed $(SOURCES)
	node scripts/build.mjs cjs

install: node_modules/.installed
node_modules/.installed: package.json package-lock.json
	npm ci --no-fund --no-audit
	touch $@

generate: dist/cli/main.js
	node dist/jute/cli.js --records src/jute/records --out src/jute/generated

lint: install
	npx eslint .

# Writes what `make check` asks for.
format: install
	npx prettier --write --log-level warn .

types: install
	npx tsc -p tsconfig.json

unit: install
	npx vitest run --project unit --project long

interop: build
	node scripts/interop.mjs

# Kafka, Dubbo, Curator … on ours and on Java's, as a table. ONLY="curator ensemble" for what has these words (docs/applications.md).
apps: dist/cli/main.js
	node scripts/apps.mjs

# SEEDS=2000 from the first on, or SEED=7 alone, with everything that happened; JOBS=2 side by side. MUTANTS=1 for servers made wrong, MUTANT="an old ping" for those so called.
simulate: install
	node scripts/simulate.mjs

bench: dist/cli/main.js
	node bench/main.mjs

clean:
	rm -rf dist node_modules .cache coverage
