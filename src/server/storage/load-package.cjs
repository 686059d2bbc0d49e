// A package by its name, at once and only when it is asked for. This file is CommonJS in the package's both builds: what `import.meta` would
// give to a module is not there in the build for `require`.
module.exports = { loadPackage: require }
