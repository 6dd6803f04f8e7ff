# workerd with a Worker Loader binding: the peer that bench.mjs measures against.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "main", worker = .main)],
  sockets = [(name = "http", address = "127.0.0.1:9801", http = (), service = "main")],
);

const main :Workerd.Worker = (
  modules = [(name = "loader.js", esModule = embed "loader.js")],
  compatibilityDate = "2026-11-01",
  bindings = [(name = "LOADER", workerLoader = (id = "bench"))],
);
