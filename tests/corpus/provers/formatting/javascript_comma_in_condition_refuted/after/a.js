if (f(a),) b();
