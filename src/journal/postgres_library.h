// libpq, loaded when PostgreSQL is first used. Its functions have the names of libpq-fe.h: pq().PQexec(...). Any
// thread.
#pragma once

#include <libpq-fe.h>

#include "base/shared_library.h"

namespace gantry {

struct PostgresLibrary : SharedLibrary {
  PostgresLibrary() : SharedLibrary("libpq.so.5", "libpq5") {}

  decltype(&::PQcancel) PQcancel = find("PQcancel");
  decltype(&::PQclear) PQclear = find("PQclear");
  decltype(&::PQcmdStatus) PQcmdStatus = find("PQcmdStatus");
  decltype(&::PQcmdTuples) PQcmdTuples = find("PQcmdTuples");
  decltype(&::PQconnectPoll) PQconnectPoll = find("PQconnectPoll");
  decltype(&::PQconnectStartParams) PQconnectStartParams = find("PQconnectStartParams");
  decltype(&::PQconnectdb) PQconnectdb = find("PQconnectdb");
  decltype(&::PQconnectdbParams) PQconnectdbParams = find("PQconnectdbParams");
  decltype(&::PQconninfoFree) PQconninfoFree = find("PQconninfoFree");
  decltype(&::PQconninfoParse) PQconninfoParse = find("PQconninfoParse");
  decltype(&::PQconsumeInput) PQconsumeInput = find("PQconsumeInput");
  decltype(&::PQenterPipelineMode) PQenterPipelineMode = find("PQenterPipelineMode");
  decltype(&::PQerrorMessage) PQerrorMessage = find("PQerrorMessage");
  decltype(&::PQexec) PQexec = find("PQexec");
  decltype(&::PQexitPipelineMode) PQexitPipelineMode = find("PQexitPipelineMode");
  decltype(&::PQfinish) PQfinish = find("PQfinish");
  decltype(&::PQflush) PQflush = find("PQflush");
  decltype(&::PQfname) PQfname = find("PQfname");
  decltype(&::PQfreeCancel) PQfreeCancel = find("PQfreeCancel");
  decltype(&::PQfreemem) PQfreemem = find("PQfreemem");
  decltype(&::PQftype) PQftype = find("PQftype");
  decltype(&::PQgetCancel) PQgetCancel = find("PQgetCancel");
  decltype(&::PQgetResult) PQgetResult = find("PQgetResult");
  decltype(&::PQgetisnull) PQgetisnull = find("PQgetisnull");
  decltype(&::PQgetlength) PQgetlength = find("PQgetlength");
  decltype(&::PQgetvalue) PQgetvalue = find("PQgetvalue");
  decltype(&::PQisBusy) PQisBusy = find("PQisBusy");
  decltype(&::PQnfields) PQnfields = find("PQnfields");
  decltype(&::PQntuples) PQntuples = find("PQntuples");
  decltype(&::PQpipelineSync) PQpipelineSync = find("PQpipelineSync");
  decltype(&::PQresultErrorField) PQresultErrorField = find("PQresultErrorField");
  decltype(&::PQresultErrorMessage) PQresultErrorMessage = find("PQresultErrorMessage");
  decltype(&::PQresultStatus) PQresultStatus = find("PQresultStatus");
  decltype(&::PQsendDescribePrepared) PQsendDescribePrepared = find("PQsendDescribePrepared");
  decltype(&::PQsendPrepare) PQsendPrepare = find("PQsendPrepare");
  decltype(&::PQsendQueryParams) PQsendQueryParams = find("PQsendQueryParams");
  decltype(&::PQsendQueryPrepared) PQsendQueryPrepared = find("PQsendQueryPrepared");
  decltype(&::PQsetNoticeProcessor) PQsetNoticeProcessor = find("PQsetNoticeProcessor");
  decltype(&::PQsetSingleRowMode) PQsetSingleRowMode = find("PQsetSingleRowMode");
  decltype(&::PQsetnonblocking) PQsetnonblocking = find("PQsetnonblocking");
  decltype(&::PQsocket) PQsocket = find("PQsocket");
  decltype(&::PQstatus) PQstatus = find("PQstatus");
  decltype(&::PQunescapeBytea) PQunescapeBytea = find("PQunescapeBytea");
};

inline const PostgresLibrary& pq() {
  static const PostgresLibrary library;
  return library;
}

}  // namespace gantry
