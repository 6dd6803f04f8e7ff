# workerd with a Worker Loader: the peer that isolet is measured beside. workerd.js fills in the date and chooses the port.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "main", worker = .main)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);

const main :Workerd.Worker = (
  modules = [(name = "loader.js", esModule = embed "loader.js")],
  compatibilityDate = "@DATE@",
  bindings = [
    (name = "LOADER", workerLoader = (id = "bench")),
    (name = "COMPATIBILITY_DATE", text = "@DATE@"),
  ],
);
