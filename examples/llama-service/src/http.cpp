#include "http.h"

#include "service.h"

#include <cpp-httplib/httplib.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <csignal>
#include <iostream>
#include <memory>
#include <pthread.h>
#include <thread>

namespace {

using nlohmann::json;

constexpr int ok = 200, bad_request = 400, unavailable = 503;

void reply(httplib::Response & response, int status, const std::string & text) {
    response.status = status;
    response.set_content(text + "\n", "application/json");
}

// The signals that end the service are taken by one thread, and by no handler.
sigset_t ending_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    return signals;
}

class Http {
  public:
    explicit Http(const CommandLine & line_) : line(line_) {
        // The library's default lets a second process listen on the same port.
        server.set_socket_options([](socket_t socket) {
            const int yes = 1;
            setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
        });
        server.Get("/health", [this](const httplib::Request &, httplib::Response & response) {
            const bool ready = service.load() != nullptr;
            const json state = {{"status", ready ? "ok" : "loading the model"}};
            reply(response, ready ? ok : unavailable, state.dump());
        });
        server.Get("/props", [this](const httplib::Request &, httplib::Response & response) {
            const json properties = {{"build_info", LLAMA_SERVICE_VERSION "-" LLAMA_SERVICE_COMMIT},
                                     {"model_path", line.model},
                                     {"n_ctx", line.context}};
            reply(response, ok, properties.dump());
        });
        server.Post("/completion", [this](const httplib::Request & request,
                                          httplib::Response & response) {
            Service * const ready = service.load();
            if (ready == nullptr) {
                reply(response, unavailable, R"({"error":"the model is being loaded"})");
                return;
            }
            const Service::Reply answer = ready->answer(request.body);
            reply(response, answer.ok ? ok : bad_request, answer.json);
        });
    }

    void run() {
        sigset_t signals = ending_signals();
        pthread_sigmask(SIG_BLOCK, &signals, nullptr); // before any thread inherits the mask
        if (!server.bind_to_port(line.host, line.port)) {
            throw ListenError("cannot listen on " + line.host + ":" + std::to_string(line.port));
        }
        std::thread answering([this] { server.listen_after_bind(); });
        std::unique_ptr<Service> loaded;
        try {
            loaded = std::make_unique<Service>(line);
        } catch (...) {
            end(answering);
            throw;
        }
        service = loaded.get();
        std::cerr << "llama-service: ready on " << line.host << ":" << line.port << std::endl;
        int which = 0;
        sigwait(&signals, &which);
        end(answering);
        service = nullptr;
    }

  private:
    void end(std::thread & answering) {
        server.wait_until_ready();
        server.stop();
        answering.join();
    }

    CommandLine            line;
    httplib::Server        server;
    std::atomic<Service *> service{nullptr};
};

} // namespace

void listen(const CommandLine & line) { Http(line).run(); }
