// What the programs of this folder share: finds a Node that is new enough and starts one of the main files with it. Read
// by any Node, however old: plain CommonJS of old, no import statements, no newer syntax.
'use strict';

var childProcess = require('child_process');
var fs = require('fs');
var Module = require('module');
var os = require('os');
var path = require('path');
var url = require('url');
var v8 = require('v8');

var neededMajor = 22;
var neededMinor = 19;
var root = path.dirname(__dirname);

/**
 * The young generation keeps its first size of 1 MiB. A relay allocates a chunk at a time and keeps none: dead ones are
 * given back at once, and memory that is in the processor's cache is used again. Relay of 300 MB: 117 MB resident instead
 * of 198, two thirds of the processor time. A plan of 50,000 refs: 245 MB instead of 291. Unlike --max-semi-space-size
 * this can be set in a process that runs.
 */
var smallHeap = '--semi-space-growth-factor=1';

/** Names of flags whose values other users of the machine must not see in a list of processes. */
var secretFlag = /^--(?:source|target)-(?:bearer-)?token(?:=|$)/;

function fail(program, sentence) {
  process.stderr.write(path.basename(program) + ': ' + sentence + '\n');
  process.exit(1);
}

function isNewEnough(version) {
  var parts = version.split('.').map(Number);
  return parts[0] > neededMajor || (parts[0] === neededMajor && parts[1] >= neededMinor);
}

/** The Node that `npm install` puts into a checkout, wherever npm chose to put it. */
function findOwnNode() {
  var platform = 'node-' + process.platform + '-' + process.arch;
  var executable = process.platform === 'win32' ? path.join('bin', 'node.exe') : path.join('bin', 'node');
  var places = [
    path.join(root, 'node_modules', 'node', executable),
    path.join(root, 'node_modules', 'node', 'node_modules', platform, executable),
    path.join(root, 'node_modules', platform, executable),
  ];
  return places.find(function (place) {
    return fs.existsSync(place);
  });
}

/** What `program` is started again with; a new process shows its words to everybody, so secret ones go another way. */
function startAgain(program, words, variables) {
  var env = Object.assign({}, process.env, variables);
  var args = [program].concat(words);
  if (words.some(isSecret)) {
    // The environment of a process is its owner's alone; its arguments are everybody's.
    env.GIT_MIRROR_WORDS = JSON.stringify(words);
    args = [program];
  }
  return { args: args, env: env };
}

/** Runs `program` again with another Node, as if it were this process. */
function startWith(program, node, words) {
  var again = startAgain(program, words, { GIT_MIRROR_STARTED_BY: String(process.pid) });
  // The channel carries nothing: it closes when this process is killed, and the other one ends then.
  var child = childProcess.spawn(node, again.args, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'], env: again.env });
  ['SIGINT', 'SIGTERM', 'SIGHUP'].forEach(function (signal) {
    process.on(signal, function () {
      child.kill(signal);
    });
  });
  child.on('error', function (error) {
    fail(program, 'cannot start ' + node + ': ' + error.message + '.');
  });
  child.on('exit', function (status, signal) {
    if (signal === null) return process.exit(status);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
    // A signal that does not end this process must not leave it waiting.
    setTimeout(process.exit, 100, 1);
  });
}

function isSecret(word) {
  return secretFlag.test(word);
}

/** Compiled code is kept where only someone who may change the program itself, or its user, can write. */
function cacheFolder() {
  var modules = path.join(root, 'node_modules');
  try {
    fs.accessSync(modules, fs.constants.W_OK);
    return path.join(modules, '.cache', 'git-mirror');
  } catch (_error) {
    var home = os.homedir();
    if (!fs.existsSync(home)) return undefined;
    return path.join(process.env.XDG_CACHE_HOME || path.join(home, '.cache'), 'git-mirror', 'compiled');
  }
}

/** Runs `dist/cli/<mainName>` as what `program`, a file of this folder, is. */
module.exports = function launch(program, mainName) {
  var main = path.join(root, 'dist', 'cli', mainName);
  var words =
    process.env.GIT_MIRROR_WORDS === undefined ? process.argv.slice(2) : JSON.parse(process.env.GIT_MIRROR_WORDS);
  var startedBy = process.env.GIT_MIRROR_STARTED_BY;
  delete process.env.GIT_MIRROR_WORDS;
  delete process.env.GIT_MIRROR_STARTED_BY;
  if (words.some(isSecret)) process.title = path.basename(program);

  if (!fs.existsSync(main)) {
    return fail(program, 'it is not built yet. Run `npm run build` or `npm start` in ' + root + '.');
  }
  if (!isNewEnough(process.versions.node)) {
    var node = startedBy === undefined ? findOwnNode() : undefined;
    if (node !== undefined) return startWith(program, node, words);
    return fail(
      program,
      'it needs Node ' +
        neededMajor +
        '.' +
        neededMinor +
        ' or newer, and this is ' +
        process.versions.node +
        '. Install a newer one, or run `npm install` in ' +
        root +
        ', which brings its own.',
    );
  }
  if (startedBy !== undefined && process.channel) {
    process.on('disconnect', function () {
      process.exit(1);
    });
    // Listening for its end is no reason to stay.
    process.channel.unref();
  }
  v8.setFlagsFromString(smallHeap);
  process.argv = process.argv.slice(0, 2).concat(words);
  var folder = cacheFolder();
  if (folder !== undefined && Module.enableCompileCache) Module.enableCompileCache(folder);
  return import(url.pathToFileURL(main).href);
};
