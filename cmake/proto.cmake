# SPDX-License-Identifier: Apache-2.0
#
# muster::proto       messages only; any room may use them
# muster::rpc_proto   the gRPC services; server/ and cli/ only

set(MUSTER_GEN ${CMAKE_BINARY_DIR}/gen)
file(MAKE_DIRECTORY ${MUSTER_GEN})

# google.rpc's protos come from Debian's jar, so that none of them need be kept here.
file(GLOB GOOGLE_PROTO_JAR /usr/share/java/proto-google-common-protos*.jar)
list(GET GOOGLE_PROTO_JAR 0 GOOGLE_PROTO_JAR)
set(GOOGLE_PROTO_DIR ${CMAKE_BINARY_DIR}/googleapis)
if(NOT EXISTS ${GOOGLE_PROTO_DIR}/google/rpc/status.proto)
  file(ARCHIVE_EXTRACT INPUT ${GOOGLE_PROTO_JAR} DESTINATION ${GOOGLE_PROTO_DIR} PATTERNS "google/rpc/*.proto")
endif()

function(muster_proto_sources out root grpc)
  set(made)
  foreach(proto ${ARGN})
    string(REGEX REPLACE "\\.proto$" "" stem ${proto})
    if(grpc)
      set(outputs ${MUSTER_GEN}/${stem}.grpc.pb.cc ${MUSTER_GEN}/${stem}.grpc.pb.h)
      set(flags --grpc_out=${MUSTER_GEN} --plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin>)
    else()
      set(outputs ${MUSTER_GEN}/${stem}.pb.cc ${MUSTER_GEN}/${stem}.pb.h)
      set(flags --cpp_out=${MUSTER_GEN})
    endif()
    add_custom_command(OUTPUT ${outputs}
      COMMAND protobuf::protoc -I${root} ${flags} ${root}/${proto}
      DEPENDS ${root}/${proto} VERBATIM)
    list(APPEND made ${outputs})
  endforeach()
  set(${out} ${made} PARENT_SCOPE)
endfunction()

set(MUSTER_PROTO_ROOT ${PROJECT_SOURCE_DIR}/proto)
set(MUSTER_SERVICES charter_service enrollment_service log_service match_service member_service person_service
    report_service upload_service vault_key_service vault_service)
set(MUSTER_MESSAGES canary error_reason front_store invite match_model registry_snapshot report statement vault_record
    ${MUSTER_SERVICES})
list(TRANSFORM MUSTER_SERVICES PREPEND muster/v1/)
list(TRANSFORM MUSTER_SERVICES APPEND .proto)
list(TRANSFORM MUSTER_MESSAGES PREPEND muster/v1/)
list(TRANSFORM MUSTER_MESSAGES APPEND .proto)

muster_proto_sources(message_sources ${MUSTER_PROTO_ROOT} FALSE ${MUSTER_MESSAGES})
muster_proto_sources(google_sources ${GOOGLE_PROTO_DIR} FALSE google/rpc/status.proto)
muster_proto_sources(error_info_sources ${MUSTER_PROTO_ROOT} FALSE google/rpc/error_info.proto)
add_library(muster_proto STATIC ${message_sources} ${google_sources} ${error_info_sources})
add_library(muster::proto ALIAS muster_proto)
target_include_directories(muster_proto SYSTEM PUBLIC ${MUSTER_GEN})
target_link_libraries(muster_proto PUBLIC protobuf::libprotobuf)

muster_proto_sources(service_sources ${MUSTER_PROTO_ROOT} TRUE ${MUSTER_SERVICES})
add_library(muster_rpc_proto STATIC ${service_sources})
add_library(muster::rpc_proto ALIAS muster_rpc_proto)
target_link_libraries(muster_rpc_proto PUBLIC muster::proto gRPC::grpc++)
foreach(lib muster_proto muster_rpc_proto)
  target_compile_options(${lib} PRIVATE -O1 -g0)
  if(MUSTER_SANITIZE)
    target_compile_options(${lib} PRIVATE -fsanitize=${MUSTER_SANITIZE})
  endif()
endforeach()
