# Every library that Mesher uses, by the name of its Debian 12 package. Nothing is downloaded here.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(TBB REQUIRED)                       # libtbb-dev
find_package(Boost 1.74 REQUIRED)                # libboost1.81-dev: Asio and Beast, headers only
find_package(OpenSSL REQUIRED)                   # libssl-dev
find_package(simdjson REQUIRED)                  # libsimdjson-dev
find_package(fmt REQUIRED)                       # libfmt-dev
find_package(spdlog REQUIRED)                    # libspdlog-dev
find_package(nlohmann_json REQUIRED)             # nlohmann-json3-dev
find_package(CLI11 REQUIRED)                     # libcli11-dev
find_package(ZLIB REQUIRED)                      # zlib1g-dev
find_package(CURL REQUIRED)                      # libcurl4-openssl-dev
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(brotli REQUIRED IMPORTED_TARGET libbrotlidec libbrotlienc)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(re2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(tomlplusplus REQUIRED IMPORTED_TARGET tomlplusplus)
