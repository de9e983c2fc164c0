// libcurl, loaded when something is first sent. Its functions are those of curl.h without the prefix:
// curl().easy_init(). Any thread.
#pragma once

#include <curl/curl.h>

#include "base/shared_library.h"

namespace gantry::tool {

struct CurlLibrary : SharedLibrary {
  CurlLibrary() : SharedLibrary("libcurl.so.4", "libcurl4") {
    decltype(&::curl_global_init) initialise = find("curl_global_init");
    initialise(CURL_GLOBAL_DEFAULT);
  }

  decltype(&::curl_easy_cleanup) easy_cleanup = find("curl_easy_cleanup");
  decltype(&::curl_easy_getinfo) easy_getinfo = find("curl_easy_getinfo");
  decltype(&::curl_easy_init) easy_init = find("curl_easy_init");
  decltype(&::curl_easy_perform) easy_perform = find("curl_easy_perform");
  decltype(&::curl_easy_reset) easy_reset = find("curl_easy_reset");
  decltype(&::curl_easy_setopt) easy_setopt = find("curl_easy_setopt");
  decltype(&::curl_easy_strerror) easy_strerror = find("curl_easy_strerror");
  decltype(&::curl_free) free = find("curl_free");
  decltype(&::curl_mime_addpart) mime_addpart = find("curl_mime_addpart");
  decltype(&::curl_mime_data) mime_data = find("curl_mime_data");
  decltype(&::curl_mime_encoder) mime_encoder = find("curl_mime_encoder");
  decltype(&::curl_mime_free) mime_free = find("curl_mime_free");
  decltype(&::curl_mime_headers) mime_headers = find("curl_mime_headers");
  decltype(&::curl_mime_init) mime_init = find("curl_mime_init");
  decltype(&::curl_mime_subparts) mime_subparts = find("curl_mime_subparts");
  decltype(&::curl_mime_type) mime_type = find("curl_mime_type");
  decltype(&::curl_slist_append) slist_append = find("curl_slist_append");
  decltype(&::curl_slist_free_all) slist_free_all = find("curl_slist_free_all");
  decltype(&::curl_url) url = find("curl_url");
  decltype(&::curl_url_cleanup) url_cleanup = find("curl_url_cleanup");
  decltype(&::curl_url_get) url_get = find("curl_url_get");
  decltype(&::curl_url_set) url_set = find("curl_url_set");
  decltype(&::curl_url_strerror) url_strerror = find("curl_url_strerror");
};

inline const CurlLibrary& curl() {
  static const CurlLibrary library;
  return library;
}

}  // namespace gantry::tool
