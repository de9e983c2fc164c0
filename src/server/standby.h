// What a node answers before it has the journal: that it lives, that it is not ready, and which node to ask. Then the
// API takes over on the same door.
#pragma once

#include <atomic>
#include <mutex>
#include <string>

#include "server/http_server.h"

namespace gantry::server {

class Standby {
 public:
  // Any thread. /healthz is 200 with {"status":"standby"}; all else 503 with Retry-After, in problem+json with the members
  // `node` and `address` of the node that has the journal, where it is known.
  Response handle(const Request& request) const;
  void waits_for(std::string node, std::string address);
  // From here on `handler` answers; once.
  void hand_over(Handler handler);

 private:
  mutable std::mutex mutex_;
  std::string node_, address_;
  Handler handler_;
  std::atomic<bool> handed_over_ = false;
};

}  // namespace gantry::server
