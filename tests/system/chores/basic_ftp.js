// SPDX-License-Identifier: GPL-3.0-or-later
// Does a chore with Node's basic-ftp; called as net_ftp.pl is.
"use strict";

const fs = require("fs");
const { Client } = require("basic-ftp");

const [host, user, directory, chore, ...names] = process.argv.slice(2);
const password = fs.readFileSync(0, "utf8");
const client = new Client(20000);
client.ftp.verbose = true;
client.ftp.log = (message) => console.error(message);

async function goOnUp(name) {
  const start = await client.size(name);
  await client.appendFrom(name, name, { localStart: start });
}

const chores = {
  list: async () => (await client.list()).forEach((entry) => console.log(entry.name)),
  get: (name) => client.downloadTo(name, name),
  put: (name) => client.uploadFrom(name, name),
  reget: (name) => client.downloadTo(name, name, fs.statSync(name).size),
  reput: goOnUp,
  delete: (name) => client.remove(name),
  gettree: (name) => client.downloadToDir(name, name),
  puttree: (name) => client.uploadFromDir(name, name),
  rmtree: (name) => client.removeDir(name),
};

async function main() {
  const authority = process.env.AUTHORITY;
  const secured = authority && { secure: true, secureOptions: { ca: fs.readFileSync(authority) } };
  await client.access({ host, user, password, ...secured });
  await client.cd(directory);
  if (chore === "rename") {
    while (names.length) {
      await client.rename(...names.splice(0, 2));
    }
  }
  for (const name of chore === "list" ? [""] : names) {
    await chores[chore](name);
  }
  await client.send("QUIT");
}

main()
  .catch((error) => {
    console.error(error);
    process.exitCode = 1;
  })
  .finally(() => client.close());
