# sinks/: where backups lie.
noinst_LIBRARIES += %D%/libsinks.a

%C%_libsinks_a_SOURCES = \
  %D%/azure.c %D%/azure_int.h \
  %D%/base64.c \
  %D%/encrypt.c %D%/encrypt.h \
  %D%/gs.c %D%/gs_int.h \
  %D%/gs_auth.c \
  %D%/http.c %D%/http_int.h \
  %D%/http_sink.c \
  %D%/json.c %D%/json_int.h \
  %D%/nodelocal_peer.c \
  %D%/nodelocal.c \
  %D%/remote.c %D%/remote_int.h \
  %D%/remote_io.c \
  %D%/s3.c %D%/s3_int.h \
  %D%/s3_auth.c \
  %D%/s3_sign.c \
  %D%/sink.c %D%/sink.h \
  %D%/uri.c %D%/uri_int.h \
  %D%/workload.c \
  %D%/xml.c %D%/xml_int.h

unit_tests += regress/unit/test_sinks
